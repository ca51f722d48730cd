// A shop whose orders lie in PostgreSQL: the switch there and back under writers, and what happens to the databases when
// nobody leads it to its end.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { setClusters, sqlOn, startWriters } = await import('../support/postgres.ts')
const { waitUntil } = await import('../../src/io/wait.ts')

test('a database goes there and back with its node', async (t) => {
  const data = [
    { kind: 'files', path: '/srv/shop' },
    { kind: 'postgres', name: 'shop-db', cluster: '15/main' },
  ]
  const checks = [{ http: 'http://{address}/health' }, { sql: 'select 1 from orders limit 1', data: 'shop-db' }]
  const scene = await setScene({ config: { moves: { 'web-1': { data, ports: [80, 5432], checks } } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await setClusters(source, target)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const writers = startWriters(source.address)
  t.after(async () => await writers.end())
  const isReplica = async (node: typeof source) => (await sqlOn(node, 'select pg_is_in_recovery()')) === 't'
  const opens = async (node: typeof source) =>
    await waitUntil(async () => ((await isReplica(node).catch(() => true)) ? null : true), {
      what: `${node.name} opens`,
      deadlineMs: 15_000,
      everyMs: 100,
      signal: t.signal,
    })

  await t.test('while the move waits for approval the target is a replica, and its old cluster is put aside', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--json')
    assert.equal(exitCode, 4, stdout.slice(-2000) + stderr)
    assert.deepEqual([await isReplica(source), await isReplica(target)], [false, true])
    await target.run('test -d /var/lib/postgresql/15/main.before-lifeboat')
    assert.match(stdout, /cannot be resumed/)
  })

  await t.test('a rehearsal leaves the database out by its name, and it follows all the time', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--rehearse', '--json')
    assert.equal(exitCode, 0, stdout.slice(-2000) + stderr)
    assert.match(stdout, /Not rehearsed: shop-db \(postgres\), `select 1 from orders limit 1` answers on shop-db \(shop-db is not rehearsed\)/)
    const [told] = (await sqlOn(source, 'select pg_current_wal_lsn()')).split('\n')
    const follows = async () => ((await sqlOn(target, `select pg_last_wal_replay_lsn() >= '${told}'`)) === 't' ? true : null)
    await waitUntil(follows, { what: 'What was written after it', deadlineMs: 15_000, everyMs: 100, signal: t.signal })
  })

  await t.test('it switches, and the old primary follows the new one', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('approve', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    assert.deepEqual([await isReplica(source), await isReplica(target)], [true, false])
    assert.equal(await sqlOn(target, 'select count(*) from pg_stat_replication'), '1')
  })

  await t.test('it goes back, and the other one follows again without a new copy', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('rollback', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    assert.deepEqual([await isReplica(source), await isReplica(target)], [false, true])
    assert.doesNotMatch(stdout, /made anew|copied as a whole/)
  })

  await t.test('a controller that is killed in the freeze leaves the source with its database', async () => {
    const running = scene.begin('migrate', '--yes', '--json')
    await moments.at('final-sync', 'done')
    assert.notEqual((await source.attempt('systemctl is-active postgresql@15-main')).stdout.trim(), 'active')
    scene.killController()
    await moments.pass()
    await opens(source)
    assert.equal((await running).exitCode, 3)
    assert.deepEqual(await isReplica(target), true)
  })

  await t.test('a promotion that is made void is taken back, and the copy is rewound', async () => {
    const running = scene.begin('migrate', '--yes', '--json')
    await moments.at('check-target', 'started')
    assert.equal(await isReplica(target), false)
    scene.killController()
    await moments.pass()
    await opens(source)
    assert.equal((await running).exitCode, 3)
    assert.notEqual((await target.attempt('systemctl is-active postgresql@15-main')).stdout.trim(), 'active')
  })

  await t.test('a source that is started anew while it is sealed opens its database only when it serves', async () => {
    const running = scene.begin('migrate', '--yes', '--json')
    await moments.at('promote-target', 'started', 120_000)
    const told = (await scene.journal()).map(({ text }) => text)
    assert.ok(told.includes('The copy was promoted in vain: it is rewound.') && !told.some((text) => text.includes('made anew')))
    scene.killController()
    await source.powerCut()
    await source.powerOn()
    await moments.pass()
    await opens(source)
    assert.equal((await running).exitCode, 3)
    const runs = async () => ((await source.attempt('systemctl -q is-active shop.service')).exitCode === 0 ? true : null)
    await waitUntil(runs, { what: 'The shop runs', deadlineMs: 10_000, everyMs: 100, signal: t.signal })
  })

  await t.test('the move comes to its end, and no acknowledged write was lost', async () => {
    assert.equal((await scene.begin('migrate', '--yes', '--json')).exitCode, 4, 'three attempts in a row failed')
    const { exitCode, stdout, stderr } = await scene.begin('approve', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    const { lost, ...figures } = await writers.stop(target)
    t.diagnostic(JSON.stringify(figures))
    assert.deepEqual(lost, [])
    assert.ok(figures.written > 1000, JSON.stringify(figures))
    await finishClean(scene)
    assert.equal(await target.run('ls /var/lib/postgresql/15 | grep -F before-lifeboat; true'), '')
  })
})
