// Clients of a database that come through pgbouncer keep their connections: they wait in the switch, and go on whatever
// becomes of it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Client } from 'pg'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { setClusters, setPoolers, sqlOn, startWriters } = await import('../support/postgres.ts')
const { waitUntil } = await import('../../src/io/wait.ts')

test('clients of pgbouncer wait, and none of them fails', async (t) => {
  const data = [{ kind: 'postgres', name: 'shop-db', cluster: '15/main', pgbouncer: 6432 }]
  const move = { data, services: [], singletons: null, ports: [5432, 6432], checks: [{ tcp: 6432 }] }
  const scene = await setScene({ names: false, files: 10, config: { moves: { 'web-1': move } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await setClusters(source, target)
  await setPoolers(source, target)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const writers = startWriters(source.address, { port: 6432 })
  t.after(async () => await writers.end())

  await t.test('a transaction that does not end closes the gate, and the clients go on', async () => {
    const patient = new Client({ host: source.address, port: 6432, user: 'shop', password: 'shop', database: 'postgres' })
    await patient.connect()
    await patient.query('begin; select 1')
    const { stdout } = await scene.begin('migrate', 'web-1', '--yes', '--json')
    assert.match(stdout, /did not come to rest within 3 s: a transaction is long/)
    await patient.query('commit')
    await patient.end()
    const count = async () => Number(await sqlOn(source, 'select count(*) from orders'))
    const before = await count()
    await waitUntil(async () => ((await count()) > before ? true : null), { what: 'Another order', deadlineMs: 10_000, everyMs: 100, signal: t.signal })
  })

  /** A client of pgbouncer that waits for a server, to which pgbouncer could not log in a moment ago. */
  const whoseLoginFailed = async () => {
    await sqlOn(source, `create role other login password 'shop'`)
    await source.run(`echo '"other" "shop"' >> /etc/pgbouncer/userlist.txt; systemctl reload pgbouncer`)
    const client = new Client({ host: source.address, port: 6432, user: 'other', password: 'shop', database: 'postgres', query_timeout: 60_000 })
    await client.connect()
    await client.query('select 1')
    await sqlOn(source, `alter role other nologin; select pg_terminate_backend(pid) from pg_stat_activity where usename = 'other'`)
    const answer = client.query('select pg_is_in_recovery() as recovered')
    const failures = async () => Number(await source.run(`grep -c 'role "other" is not permitted to log in' /var/log/postgresql/pgbouncer.log || true`))
    await waitUntil(async () => ((await failures()) > 0 ? true : null), { what: 'A failed login', deadlineMs: 10_000, everyMs: 50, signal: t.signal })
    await sqlOn(source, 'alter role other login')
    return { answer, end: async () => await client.end() }
  }

  await t.test('a controller that is killed after the commit: the source lets them go to the target, alone', async () => {
    await source.run(`echo 'server_login_retry = 120' >> /etc/pgbouncer/pgbouncer.ini; systemctl reload pgbouncer`)
    const unlucky = await whoseLoginFailed()
    const running = scene.begin('approve', 'web-1', '--yes', '--json')
    await moments.at('commit-switch', 'done', 120_000)
    scene.killController()
    await moments.pass()
    const count = async () => Number(await sqlOn(target, 'select count(*) from orders'))
    const before = await count()
    await waitUntil(async () => ((await count()) > before ? true : null), {
      what: 'An order on the target',
      deadlineMs: 15_000,
      everyMs: 100,
      signal: t.signal,
    })
    assert.deepEqual((await unlucky.answer).rows, [{ recovered: false }])
    await unlucky.end()
    assert.match(
      await source.run(`runuser -u postgres -- psql -XAt -h /var/run/postgresql -p 6432 -U pgbouncer -d pgbouncer -c 'SHOW CONFIG'`),
      /^server_login_retry\|120\|/m,
    )
    await running
  })

  await t.test('no attempt failed and no acknowledged order was lost', async () => {
    const { lost, failed, ...figures } = await writers.stop(target)
    t.diagnostic(JSON.stringify(figures))
    assert.deepEqual([lost, failed], [[], 0])
  })
})
