// What goes wrong between the nodes while they switch: their link is cut, a helper is killed, a clock is an hour ahead.
// Nothing is lost, and at the end both sides are equal to the last byte, read by find and sha256sum.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import type { LabNode } from '../../lab/node.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean } = await import('../support/ending.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')
const { listingOf } = await import('../support/listing.ts')
const { endWarm, killHelper, partArrives } = await import('../support/weather.ts')
const { giveSkewedHelpers, skewClocks } = await import('../support/skewed-helper.ts')
const { causeFault } = await import('../../lab/faults.ts')

const root = '/srv/shop'
/** How far the clocks of both nodes jump in the freeze. */
const backMs = 7_200_000
/** Time as the programs that work with data see it; the times of files are what lies on the disk, on any clock. */
const hourAhead = 'NO_FAKE_STAT=1 FAKE_UTIME=0 faketime -f +1h'

test('bad weather while a move switches, to a node whose clock is an hour ahead', async (t) => {
  await giveSkewedHelpers()
  const scene = await setScene({ files: 40 })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await skewClocks(target, 3_600_000, 3_600_000)
  await target.run(`mv /usr/bin/rsync /usr/bin/rsync.real
    printf '%s\n' '#!/bin/sh' ': > /run/ahead; exec env ${hourAhead} /usr/bin/rsync.real "$@"' > /usr/bin/rsync && chmod 755 /usr/bin/rsync
    start=$(systemctl show --value -p ExecStart shop.service | sed 's/.*argv\\[\\]=\\([^;]*\\) ;.*/\\1/')
    mkdir /etc/systemd/system/shop.service.d
    printf '%s\n' [Service] ExecStart= "ExecStart=/usr/bin/env ${hourAhead} $start" > /etc/systemd/system/shop.service.d/clock.conf && systemctl daemon-reload`)
  const customers = scene.customers(5)
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  /** What the clock of the source said before it jumped. */
  let frozen = 0
  t.after(async () => await moments.close())
  /** While the move waits: lays a large file on the source, lets the move go on over a slow link, and answers once half of the file is over. */
  const half = async (name: string) => {
    await source.run(`head -c 12M /dev/urandom > ${root}/${name}`)
    await causeFault(scene, 'link', 'slow-link')
    await endWarm(source)
    await moments.pass()
    await partArrives(target, root, name)
  }

  await t.test('the link is cut in the first copy: one sentence, exit 3, and the source serves as before', async () => {
    const running = scene.begin('migrate', '--yes', '--json')
    await moments.at('first-sync', 'started')
    await half('large')
    await causeFault(scene, 'link', 'none')
    const { exitCode, stdout, stderr } = await running
    const failure = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>
    assert.deepEqual([exitCode, failure['code']], [3, 'sync-failed'], stdout.slice(-1500) + stderr)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  })

  const equal = async () => {
    const same = async () => ((await listingOf(source, root)) === (await listingOf(target, root)) ? true : null)
    await waitUntil(same, { what: 'A source that is equal to the target', everyMs: 500, deadlineMs: 30_000, signal: AbortSignal.timeout(60_000) })
  }

  const running = scene.begin('migrate', '--yes', '--json')
  await t.test('the link is cut in the final pass: the source serves again', async () => {
    await moments.at('hold-clients', 'started')
    await half('last')
    await moments.arm('freeze-source', 'started')
    await causeFault(scene, 'link', 'none')
    const undone = await scene.record(at('attempt', 'undone'))
    assert.match(undone.text, /final-sync/)
    await answersWithin(source.address, 7000)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    assert.deepEqual(failedRequests(customers), [])
  })

  await t.test('the helper of the source is killed while it holds clients: it is back at once, and the move comes to its end', async () => {
    await moments.reached()
    await killHelper(source)
    await moments.aim('seal-source', 'started')
    await moments.passOn()
    await moments.reached()
    frozen = await lastDate(source)
    // As a time server does that finds a clock wrong: within the freeze, and by far more than any lease.
    await skewClocks(source, 0, -backMs)
    await skewClocks(target, 3_600_000, 3_600_000 - backMs)
    await moments.pass()
    const { exitCode, stdout, stderr } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  })

  await t.test('no acknowledged write is lost, and the source follows to the last byte', async () => {
    const figures = await customers.stop()
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    const hour = Number(await target.run(`tail -1 ${root}/orders.log | cut -f2`)) - Date.now() / 1000
    assert.ok(hour > 3000, `the clock of the target was ${hour} s ahead`)
    await target.run('test -e /run/ahead')
    const [here = 0, there = 0] = await Promise.all([source, target].map(async (node) => await lastDate(node)))
    assert.ok(there - here > 3000_000 && frozen - here > backMs / 2, `the helpers wrote ${here} and ${there}, and ${frozen} in the freeze`)
    await equal()
  })

  await t.test('the volume of the target is gone while it serves, and an empty folder is in its place: nothing is deleted on the source', async () => {
    await target.run('systemctl stop shop-cron.timer shop-cron.service shop.service')
    await equal()
    const before = await listingOf(source, root)
    const after = (await scene.journal()).at(-1)?.seq ?? 0
    await target.run(`umount -l /srv && mkdir -p ${root}`)
    await scene.record(({ state, text }) => state === 'failed' && /is its volume mounted/.test(text), { after })
    assert.ok((await listingOf(source, root)) === before, 'the source is as it was')
    await target.run('mount /srv && systemctl start shop.service shop-cron.timer')
    await answersWithin(target.address, 7000)
    await target.run(`echo back > ${root}/back`)
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    await equal()
    await finishClean(scene)
  })
})

/** What the helper of a node said last, by its own clock, in ms. */
async function lastDate(node: LabNode): Promise<number> {
  const { at } = JSON.parse(await node.run('tail -1 /var/lib/lifeboat/web-1/journal.jsonl')) as { at: string }
  return Date.parse(at)
}
