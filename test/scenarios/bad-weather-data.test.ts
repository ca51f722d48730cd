// What goes wrong with data while it is copied, on two real nodes: after each, both sides are equal to the last byte, read
// by find and sha256sum.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { enterLab } from '../../lab/enter.ts'
import { codeOf } from '../../src/core/errors.ts'
import type { PassKind } from '../../src/movers/mover.ts'

await enterLab()
const { files } = await import('../../src/movers/files/index.ts')
const { preparedPair } = await import('../support/pair.ts')
const { setScene } = await import('../support/scenario.ts')
const { listingOf } = await import('../support/listing.ts')
const { endWarm, killHelper, partArrives } = await import('../support/weather.ts')
const { asReceiver } = await import('../support/receiver.ts')
const { causeFault } = await import('../../lab/faults.ts')

const root = '/srv/shop'

/** Names, kinds and shapes that a copy gets wrong. */
const oddities = String.raw`mkdir odd && cd odd
  truncate -s 20M holes && printf middle | dd of=holes bs=1 seek=9000000 conv=notrunc status=none
  touch "$(printf 'x%.0s' $(seq 255))" "$(printf 'a\nb')" "$(printf '\377\376')"
  mkfifo pipe && mknod null c 1 3
  python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
  d=$(printf 'd/%.0s' $(seq 1000)) && mkdir -p "$d" && echo deep > "$d/file"
  echo stays > immutable && chattr +i immutable && echo grows > appended && chattr +a appended`

/** Lines that stand in one listing only: a whole one is a megabyte. */
function differing(one: string, other: string): readonly string[] {
  const [left, right] = [one, other].map((text) => new Set(text.split('\n'))) as [Set<string>, Set<string>]
  return [...left.symmetricDifference(right)].slice(0, 20)
}

test('bad weather while data is copied', async (t) => {
  const scene = await setScene({ files: 40 })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const { close, ...pair } = await preparedPair(scene, 'web-1')
  t.after(close)
  const mover = await files.connect({ kind: 'files', path: root, exclude: [] })
  // The controller is gone; a pass that it had begun ends by itself.
  await source.run('systemctl stop shop-cron.timer shop.service; while pidof rsync >/dev/null; do sleep 0.1; done')
  await target.run(`find ${root} -mindepth 1 -delete`)
  await source.run(`cd ${root} && ${oddities}`)

  const pass = async (kind: PassKind) => await mover.sync(pair, kind, AbortSignal.timeout(120_000), (text) => t.diagnostic(text))
  const change = async (command: string) => await source.run(`cd ${root} && ${command}`)
  const equal = async () => assert.deepEqual(differing(await listingOf(source, root), await listingOf(target, root)), [])
  /** A pass that must fail, and how. */
  const fails = async (kind: PassKind, code: string, words: RegExp) => {
    await assert.rejects(pass(kind), (error: unknown) => {
      assert.equal(codeOf(error), code, String(error))
      assert.match(String(error), words)
      return true
    })
  }
  const megabytes = (count: number, name: string) => `head -c ${count}M /dev/urandom > ${name}`
  /** Runs a pass over a link that breaks while a file is half over. */
  const cutIn = async (kind: PassKind, name: string) => {
    await causeFault(scene, 'link', 'slow-link')
    await endWarm(source)
    const failed = fails(kind, 'sync-failed', /\/srv\/shop .*\(exit (10|12|30|255)\)/)
    await partArrives(target, root, name)
    await causeFault(scene, 'link', 'none')
    await failed
  }

  await t.test('the link is cut in the first copy: the next one brings all over, odd names and shapes too', async () => {
    await change(megabytes(12, 'large'))
    await mover.prepare(pair, AbortSignal.timeout(60_000))
    await cutIn('first', 'large')
    await pass('first')
    await equal()
    const blocks = Number(await target.run(`stat -c %b ${root}/odd/holes`))
    assert.ok(blocks < 1000, `a file of holes takes ${blocks} blocks`)
  })

  await t.test('what a copy that was broken off left behind is not held against the recorder; a comparison clears it', async () => {
    await target.run(asReceiver('web-1', `open my $left, ">>", "${root}/logo.png" or die; print $left "x"; close $left`))
    const said: string[] = []
    await mover.sync(pair, 'repeat', AbortSignal.timeout(120_000), (text) => said.push(text))
    assert.deepEqual(said, [])
    const audit = await mover.audit?.(pair, 'whole', AbortSignal.timeout(120_000))
    assert.ok(audit?.kind === 'everything' && audit.differences.length === 0, JSON.stringify(audit))
    assert.equal((await mover.audit?.(pair, 'changed', AbortSignal.timeout(120_000)))?.kind, 'changed', 'the recorder is trusted')
  })

  await t.test('what a pass deletes is kept, also what was in a folder whose place a file took; what it replaces is not', async () => {
    await change('mkdir box && echo inside > box/inside && echo going > going && echo 1 > replaced')
    await pass('repeat')
    await change('rm -r box going && echo file > box && echo 2 > replaced')
    await pass('repeat')
    await equal()
    const kept = `find ${root}/.lifeboat-deleted -type f \\( -name inside -o -name going -o -name replaced \\) -printf '%f\\n' | sort`
    assert.equal(await target.run(kept), 'going\ninside\n')
  })

  await t.test('files with holes that come, grow or end in one in a later pass take no more room than they need', async () => {
    await change('head -c 2M /dev/urandom > odd/ends && printf end | dd of=odd/begins bs=1 seek=9000000 conv=notrunc status=none')
    await pass('repeat')
    await change(`truncate -s 40M odd/holes && printf far | dd of=odd/holes bs=1 seek=39000000 conv=notrunc status=none
      fallocate -p -o 1000000 -l 2000000 odd/ends && truncate -s 30M odd/begins`)
    await pass('repeat')
    await equal()
    for (const [name, most] of [
      ['holes', 1000],
      ['begins', 1000],
      ['ends', 3000],
    ] as const) {
      const blocks = Number(await target.run(`stat -c %b ${root}/odd/${name}`))
      assert.ok(blocks < most, `${name} takes ${blocks} blocks`)
    }
  })

  await t.test('the link is cut in a pass over a list', async () => {
    await change(megabytes(12, 'listed'))
    await cutIn('repeat', 'listed')
    await pass('repeat')
    await equal()
  })

  await t.test('the link is cut in the final pass', async () => {
    await change(megabytes(12, 'last'))
    await cutIn('final', 'last')
    await pass('final')
    await equal()
  })

  await t.test('the cable is out for a moment: the pass waits and goes on', async () => {
    await change(megabytes(24, 'patient'))
    const going = pass('repeat')
    await target.linkDown()
    await delay(1500)
    await target.linkUp()
    await going
    await equal()
  })

  await t.test('the disk of the target is full: it is told as such, and once there is space the pass goes through', async () => {
    await causeFault(scene, 'new-web-1', 'disk-full')
    await change(megabytes(8, 'too-much'))
    await fails('repeat', 'disk-too-small', /no space left for \/srv\/shop/)
    await causeFault(scene, 'new-web-1', 'none')
    await pass('repeat')
    await equal()
  })

  await t.test('files that come, go and change all the time: every pass ends, and once it is quiet nothing is missing', async () => {
    const restless = `i=0; while :; do i=$((i+1)); echo $i > restless/$((i % 50)); rm -f restless/$(((i + 25) % 50)); echo line $i >> growing; mv -f restless/$((i % 50)) restless/moved; done`
    await change(`mkdir restless && ${megabytes(4, 'growing')}`)
    await source.run(`systemd-run --quiet --unit restless --working-directory ${root} sh -c '${restless}'`)
    for (const kind of ['repeat', 'first', 'repeat', 'audit', 'repeat'] as const) await pass(kind)
    await source.run('systemctl stop restless')
    await pass('final')
    await equal()
  })

  await t.test('a file of the target that nobody may change is named, and afterwards nothing is missing', async () => {
    await target.run(`chattr +i ${root}/logo.png`)
    await change('printf A | dd of=logo.png bs=1 seek=3 conv=notrunc status=none')
    await fails('repeat', 'sync-failed', /logo\.png.*Operation not permitted/)
    await target.run(`chattr -i ${root}/logo.png`)
    await pass('repeat')
    await equal()
  })

  await t.test('the volume of the source is gone and an empty folder is in its place: nothing is deleted', async () => {
    const before = await listingOf(target, root)
    await source.run(`umount -l /srv && mkdir -p ${root}`)
    for (const kind of ['repeat', 'first', 'audit', 'final'] as const) await fails(kind, 'gate-closed', /\/srv\/shop/)
    assert.equal(await listingOf(target, root), before)
    await source.run('mount /srv')
    await change('echo back > back')
    await pass('repeat')
    await equal()
  })

  for (const [side, node] of [
    ['source', source],
    ['target', target],
  ] as const) {
    await t.test(`the helper of the ${side} is killed: what changed while it was dead is not missed`, async () => {
      await killHelper(node, async () => await change(`echo ${side} > while-dead; rm -f back`))
      await pass('repeat')
      await equal()
    })
  }
})
