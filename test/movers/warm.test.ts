// The connection that passes share: used, noticed when it is dead, and gone with the helper.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { files } = await import('../../src/movers/files/index.ts')
const { preparedPair } = await import('../support/pair.ts')
const { setScene } = await import('../support/scenario.ts')
const { listingOf } = await import('../support/listing.ts')
const { killHelper } = await import('../support/weather.ts')
const { waitUntil } = await import('../../src/io/wait.ts')

const root = '/srv/shop'
const socket = '/run/lifeboat-web-1/copies'

test('the connection that passes share', async (t) => {
  const scene = await setScene({ files: 20 })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const { close, ...pair } = await preparedPair(scene, 'web-1')
  t.after(close)
  await source.run('systemctl stop shop-cron.timer shop.service; while pidof rsync >/dev/null; do sleep 0.1; done')
  const mover = await files.connect({ kind: 'files', path: root, exclude: [] })
  let changes = 0
  /** Changes a file and carries it over; answers how many connections the source has opened for that. */
  const pass = async (kind: 'repeat' | 'final' = 'repeat'): Promise<number> => {
    const opened = async () => Number(await source.run(`awk '$1 == "Tcp:" && $6 ~ /^[0-9]+$/ { print $6 }' /proc/net/snmp`))
    await source.run(`echo ${changes++} > ${root}/changed`)
    const before = await opened()
    await mover.sync(pair, kind, AbortSignal.timeout(60_000), (text) => t.diagnostic(text))
    assert.equal(await listingOf(target, root), await listingOf(source, root))
    return (await opened()) - before
  }
  const master = async () => /pid=(\d+)/.exec(await source.run(`ssh -S ${socket} -O check peer 2>&1`))?.[1] ?? ''
  // The first ones look at everything; from then on passes have a list.
  for (let settling = 0; settling < 2; settling++) await pass()

  await t.test('passes of both kinds go over one connection', async () => {
    const first = await master()
    for (const kind of ['repeat', 'final', 'repeat'] as const) assert.equal(await pass(kind), 0, kind)
    assert.equal(await master(), first)
  })

  await t.test('one that was killed is opened again', async () => {
    const first = await master()
    await source.run(`kill -9 ${first}`)
    assert.equal(await pass(), 1)
    assert.notEqual(await master(), first)
    assert.equal(await pass(), 0)
  })

  await t.test('one on which nothing comes through any more holds nobody up', async () => {
    const first = await master()
    const port = /:(\d+) /.exec(await source.run(`ss -Htnp state established dst ${target.address} | awk '/pid=${first},/ { print $3 " " }'`))?.[1]
    assert.ok(port !== undefined, 'its port')
    await target.run(`nft 'table inet deaf { chain in { type filter hook input priority -10; tcp sport ${port} drop; }; }'`)
    const began = performance.now()
    assert.equal(await pass('final'), 1)
    const seconds = (performance.now() - began) / 1000
    await target.run('nft delete table inet deaf')
    t.diagnostic(`${seconds.toFixed(1)} s`)
    // ssh itself would notice after 45 s.
    assert.ok(seconds < 30, `${seconds} s`)
    assert.notEqual(await master(), first)
  })

  await t.test('passes go on after the helper was killed, and one that is stopped leaves no connection behind', async () => {
    await killHelper(source)
    await pass()
    const first = await master()
    await source.run('systemctl stop lifeboat-web-1-helper.service')
    await waitUntil(async () => ((await source.attempt(`test -e /proc/${first}`)).exitCode === 0 ? null : true), {
      what: 'The end of the connection',
      deadlineMs: 10_000,
      everyMs: 50,
      signal: AbortSignal.timeout(10_000),
    })
    assert.equal((await source.attempt(`test -e ${socket}`)).exitCode, 1)
  })
})
