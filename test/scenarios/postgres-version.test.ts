// A shop whose orders lie in PostgreSQL 15 of Debian 12 moves to PostgreSQL 17 of Debian 13, by logical replication.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { setClusters, setPoolers, sqlOn, startWriters } = await import('../support/postgres.ts')
const { waitUntil } = await import('../../src/io/wait.ts')

/** The name of everything of ours in a server begins with this. */
const ours = 'lifeboat'

test('a database goes to a later version with its node, and back', async (t) => {
  const data = [
    { kind: 'files', path: '/srv/shop' },
    { kind: 'postgres', name: 'shop-db', cluster: '15/main', target: '17/main', pgbouncer: 6432 },
  ]
  const checks = [{ http: 'http://{address}/health' }, { sql: 'select 1 from orders limit 1', data: 'shop-db' }]
  const scene = await setScene({ nextTargets: true, config: { moves: { 'web-1': { data, ports: [80, 5432, 6432], checks } } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await setClusters(source, target, { becomes: '17', settings: 'wal_level = logical\\n' })
  await setPoolers(source, target)
  await sqlOn(
    source,
    `create table lines (id serial primary key, text text); create table "odd ""name" (a int primary key, at timestamptz default now());
    insert into lines (text) select 'line ' || i from generate_series(1, 1000) i; insert into "odd ""name" values (1); create database "other one";
    create table keyless (a int)`,
  )
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  // Who insists on writing is stopped by losing the session alone.
  const writers = startWriters(source.address, { options: '-c default_transaction_read_only=off' })
  t.after(async () => await writers.end())
  const pooled = startWriters(source.address, { port: 6432, firstId: 1_000_000_000 })
  t.after(async () => await pooled.end())
  const write = async (node: typeof source, text: string) => Number(await sqlOn(node, `insert into lines (text) values ('${text}') returning id`))
  const refuses = async (node: typeof source) => await assert.rejects(write(node, 'never'), /read-only transaction/)
  const opens = async (node: typeof source) =>
    await waitUntil(async () => ((await sqlOn(node, 'show default_transaction_read_only').catch(() => 'on')) === 'off' ? true : null), {
      what: `${node.name} opens`,
      deadlineMs: 15_000,
      everyMs: 100,
      signal: t.signal,
    })

  await t.test('a table without a key is named before anything is copied', async () => {
    const { exitCode, stdout } = await scene.begin('migrate', '--json')
    assert.equal(exitCode, 4)
    assert.match(stdout, /Tables of postgres have no primary key and no other replica identity.*: public\.keyless\./)
    assert.equal(await sqlOn(source, 'select count(*) from pg_publication'), '0')
    await sqlOn(source, 'alter table keyless add primary key (a)')
  })

  await t.test('while the move waits for approval the other side has the rows, and lets nobody write', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--json')
    assert.equal(exitCode, 4, stdout.slice(-2000) + stderr)
    assert.match(await sqlOn(target, 'show server_version'), /^17/)
    assert.equal(await sqlOn(target, 'select count(*) from lines'), '1000')
    await refuses(target)
    const asShop = `PGPASSWORD=shop psql -h 127.0.0.1 -U shop -d postgres -c 'select 1'`
    assert.match((await target.attempt(asShop)).stderr, /no pg_hba\.conf entry/)
    assert.match(stdout, /A table that is cut off begins anew/)
  })

  await t.test('a changed schema closes the gate, which names the change', async () => {
    await sqlOn(source, 'alter table lines add column more int')
    const { exitCode, stdout } = await scene.begin('approve', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 4, stdout.slice(-2000))
    assert.match(stdout, /The schema was changed since it was copied.*column public\.lines\.more is integer/)
    await sqlOn(target, 'begin read write; alter table lines add column more int; commit')
  })

  await t.test('it switches, and sequences go on', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('approve', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    assert.equal(await write(target, 'more'), 1001)
    await refuses(source)
  })

  await t.test('clients of pgbouncer waited, and none of them failed', async () => {
    const { lost, failed, ...figures } = await pooled.stop(target)
    t.diagnostic(JSON.stringify(figures))
    assert.deepEqual([lost, failed], [[], 0])
    assert.ok(figures.written > 100, JSON.stringify(figures))
  })

  await t.test('it goes back with what was written meanwhile, and the other one follows again without a new copy', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('rollback', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    assert.doesNotMatch(stdout, /table by table/)
    assert.equal(await sqlOn(source, 'select text from lines where id = 1001'), 'more')
    assert.equal(await write(source, 'again'), 1002)
    await refuses(target)
  })

  await t.test('a controller that is killed in the freeze leaves the source with its database', async () => {
    const running = scene.begin('migrate', '--yes', '--json')
    await moments.at('final-sync', 'done')
    await refuses(source)
    scene.killController()
    await moments.pass()
    await opens(source)
    assert.equal((await running).exitCode, 3)
    assert.equal(await write(source, 'on'), 1003)
  })

  await t.test('a promotion that is made void is taken back, and the copy is made anew', async () => {
    // As a copy of a table that was cut off leaves it.
    const subscriber = await sqlOn(target, 'select system_identifier from pg_control_system()')
    await sqlOn(source, `select pg_create_logical_replication_slot('pg_16400_sync_16384_${subscriber}', 'pgoutput')`)
    const running = scene.begin('migrate', '--yes', '--json')
    await moments.at('check-target', 'started')
    assert.ok((await write(target, 'in vain')) > 1003)
    scene.killController()
    await moments.pass()
    await opens(source)
    assert.equal((await running).exitCode, 3)
    await refuses(target)
  })

  await t.test('a way back that was made void leaves the target serving, and is closed from then on', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    assert.equal(await sqlOn(source, 'select slot_name from pg_replication_slots'), '', 'a slot would keep the log of the source')
    const running = scene.begin('rollback', 'web-1', '--yes', '--json')
    await moments.at('check-source-back', 'started')
    scene.killController()
    await moments.pass()
    await opens(target)
    assert.equal((await running).exitCode, 3)
    await refuses(source)
    // The rollback that was cut off comes to its own end first.
    assert.equal((await scene.begin('rollback', 'web-1', '--yes', '--json')).exitCode, 4)
    const again = await scene.begin('rollback', 'web-1', '--yes', '--json')
    assert.notEqual(again.exitCode, 0)
    assert.match(again.stdout, /PostgreSQL 17 is not copied back to 15: there is no way back/)
    assert.ok((await write(target, 'serves on')) > 1003)
  })

  await t.test('the move comes to its end, and no acknowledged write was lost', async () => {
    const { lost, ...figures } = await writers.stop(target)
    t.diagnostic(JSON.stringify(figures))
    assert.deepEqual(lost, [])
    assert.ok(figures.written > 1000, JSON.stringify(figures))
    assert.equal(await sqlOn(target, "select count(*) from lines where text = 'in vain'"), '0')
    await finishClean(scene)
    const left = `select rolname from pg_roles where rolname ~ '^${ours}' union select slot_name from pg_replication_slots union select pubname from pg_publication union select subname from pg_subscription`
    assert.equal(await sqlOn(target, left), '')
    assert.equal(await target.run(`ls -R /etc/postgresql /var/lib/postgresql/17 | grep ${ours}; true`), '')
  })
})
