// Scenario 54 with a database: the source is gone at once, for all who ask. Its replica is promoted without it, what is lost is
// told to the byte of its log, nobody ever writes on two sides, and what comes back has a database that takes no write.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { startProber } = await import('../support/prober.ts')
const { leftNothing } = await import('../support/ending.ts')
const { untilHeard } = await import('../support/sides.ts')
const { setClusters, sqlOn, startWriters } = await import('../support/postgres.ts')
const { causeFault } = await import('../../lab/faults.ts')
const { orderLines } = await import('../../lab/shop/orders.ts')

const longestSeconds = 90
const targetOnly = 1_000_000

test('a database whose node is gone is taken over without it, and what is lost is told exactly', async (t) => {
  const data = [
    { kind: 'files', path: '/srv/shop' },
    { kind: 'postgres', name: 'shop-db', cluster: '15/main' },
  ]
  const checks = [{ http: 'http://{address}/health' }, { sql: 'select 1 from orders limit 1', data: 'shop-db' }]
  const scene = await setScene({ host: 'vsphere', config: { moves: { 'web-1': { data, ports: [80, 5432], checks } } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await setClusters(source, target)
  const customers = scene.customers(5)
  const prober = startProber(scene)
  const writers = startWriters(source.address)
  const early = startWriters(target.address, { clients: 1, firstId: targetOnly })
  t.after(async () => void (await Promise.all([writers.end(), early.end()])))
  const idsOn = async (node: typeof source, where = 'true') =>
    (await sqlOn(node, `select id from orders where ${where} order by 1`)).split('\n').filter(Boolean).map(Number)

  await t.test('the source hangs, cut off from everybody, and the word is given: its replica serves within the time that is allowed', async () => {
    assert.equal((await scene.begin('migrate', '--json')).exitCode, 4)
    const faultAt = Date.now()
    await source.linkDown()
    const toldAt = Date.now()
    const { exitCode, stdout, stderr } = await scene.begin('failover', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    const byName = async () => await Promise.resolve(customers.read().find(({ outcome, address }) => outcome === 'ok' && address === target.address) ?? null)
    const first = await waitUntil(byName, { what: 'A customer who is served by name', deadlineMs: 60_000, everyMs: 100, signal: t.signal })
    const servedAt = first.at + first.ms
    const committed = Date.parse((await scene.record(at('commit-switch', 'done'))).at)
    t.diagnostic(
      `served by name ${(servedAt - faultAt) / 1000} s after the fault, ${(servedAt - toldAt) / 1000} s after the word; committed ${(committed - toldAt) / 1000} s after it`,
    )
    assert.ok(servedAt - toldAt <= longestSeconds * 1000, `${servedAt - toldAt} ms`)
    assert.equal(await sqlOn(target, 'select pg_is_in_recovery()'), 'f')
  })

  await t.test('brought back it closes by itself, and its database takes no write, whoever starts it', async () => {
    scene.killController()
    await causeFault(scene, 'web-1', 'power-on')
    await source.linkUp()
    await source.ready()
    await untilHeard(scene, target)
    assert.notEqual((await source.attempt('systemctl is-active postgresql@15-main')).stdout.trim(), 'active')
    await source.run('systemctl start postgresql@15-main')
    await assert.rejects(sqlOn(source, 'insert into orders (id) values (0)'), /read-only transaction/)
  })

  await t.test('lost is what came after the place in the log that was told, and nothing else', async () => {
    const { databases } = (await scene.record(at('measure-loss', 'done'))).details as { databases: { name: string; lsn: string }[] }
    const [told] = databases
    assert.equal(told?.name, 'shop-db')
    const { lost, written } = await writers.stop(target)
    const onTarget = new Set(await idsOn(target))
    const onlyOnSource = (await idsOn(source)).filter((id) => !onTarget.has(id))
    const dump = `/usr/lib/postgresql/15/bin/pg_waldump -p /var/lib/postgresql/15/main/pg_wal -s ${told.lsn} 2>/dev/null; true`
    const commits = [...(await source.run(dump)).matchAll(/tx: +(\d+),.*desc: COMMIT/g)].map(([, xid]) => xid)
    t.diagnostic(`${lost.length} of ${written} acknowledged orders lost; the log was there up to ${told.lsn}, ${commits.length} commits came after it`)
    assert.deepEqual(commits.length === 0 ? [] : await idsOn(source, `xmin::text in (${commits.map((xid) => `'${xid}'`).join()})`), onlyOnSource)
    assert.deepEqual(
      lost.filter((id) => !onlyOnSource.includes(id)),
      [],
      'an order that was acknowledged is on neither side',
    )
    assert.ok(onlyOnSource.length - lost.length <= 4, 'of each writer one at most was under way')
  })

  await t.test('nobody wrote on two sides, in the database and in the files; what a file lacks is what the source has more', async () => {
    await early.stop(target)
    const last = Number(await sqlOn(source, 'select extract(epoch from max(at)) from orders'))
    const first = Number(await sqlOn(target, `select extract(epoch from min(at)) from orders where id >= ${targetOnly}`))
    assert.ok(first > last, `${first} is not after ${last}`)
    const [there, here] = await Promise.all([source, target].map(async (node) => (await orderLines(node)).map((line) => line.split('\t')[0] ?? '')))
    const { lost, turns } = await prober.stop()
    assert.deepEqual(turns, ['source', 'target'])
    const onTarget = new Set(here)
    const more = new Set(there?.filter((id) => !onTarget.has(id)))
    t.diagnostic(`${lost.length} acknowledged orders in files lost, of ${more.size} that the source has more`)
    assert.deepEqual(
      lost.filter((id) => !more.has(id)),
      [],
    )
    const complete = Date.parse(String((await scene.record(at('measure-loss', 'done'))).details['complete'])) / 1000
    const before = (await orderLines(source)).map((line) => line.split('\t')).filter(([id = '', second = '']) => more.has(id) && Number(second) < complete)
    assert.deepEqual(before, [])
  })

  await t.test('finished, nothing of ours is left in the database that serves', async () => {
    await customers.stop()
    const { exitCode, stdout, stderr } = await scene.begin('finish', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    await leftNothing(scene)
    const left = "select slot_name from pg_replication_slots union select rolname from pg_roles where rolname like 'lifeboat%'"
    assert.equal(await sqlOn(target, left), '')
  })
})
