// `database:`: the controller keeps its moves in a PostgreSQL that is not its own, and says in one sentence when it cannot.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import type { ExecResult } from '../../src/io/exec.ts'
import { openDesk, stopController } from '../support/cli.ts'
import { openSharedDatabase } from '../support/shared-database.ts'

const page = 'project: shop\nproviders:\n  iron: { kind: static, nodes: [{ name: a, address: 192.0.2.1 }] }\n'
const shared = `${page}database: env:DATABASE_URL\n`
const password = 'hunter-2-secret'

function failureOf(result: ExecResult): { readonly code: string; readonly message: string } {
  return JSON.parse(result.stdout.trimEnd().split('\n').at(-1) ?? '') as { code: string; message: string }
}

test('the moves are in the database that lifeboat.yaml names, and no server is started here', async (t) => {
  const desk = await openDesk(t)
  const database = await openSharedDatabase(t)
  const state = path.join(desk.folder, '.lifeboat')
  await desk.write(shared)
  const environment = { DATABASE_URL: database.url.replace('lifeboat@', `lifeboat:${password}@`) }
  const first = await desk.lifeboat(['status', '--json'], environment)
  assert.equal(first.exitCode, 0, first.stdout + first.stderr)
  assert.ok(!existsSync(path.join(state, 'db')))
  assert.equal((await database.query('select from lifeboat.executor where not fenced')).length, 1)

  const { pid } = JSON.parse(readFileSync(path.join(state, 'controller.json'), 'utf8')) as { pid: number }
  for (const place of [`/proc/${pid}/cmdline`, path.join(state, 'controller.log'), path.join(state, 'controller.json')])
    assert.ok(!readFileSync(place, 'utf8').includes(password), place)

  await t.test('a command whose lifeboat.yaml names another one is refused', async () => {
    await desk.write(page)
    const other = await desk.lifeboat(['status', '--json'])
    assert.equal(other.exitCode, 4, other.stdout)
    assert.match(failureOf(other).message, /^The controller that runs keeps its moves in .+\/shared, lifeboat\.yaml names the embedded database\.$/)
    await desk.write(shared)
  })

  await t.test('its reference must be known whatever is asked', async () => {
    const unknown = await desk.lifeboat(['approve', 'web-1', '--json'])
    assert.equal(unknown.exitCode, 3)
    assert.match(failureOf(unknown).message, /env:DATABASE_URL/)
  })

  await t.test('a database that a newer version has used is refused', async () => {
    await database.query('update dbos.dbos_migrations set version = 9999')
    const older = await desk.lifeboat(['status', '--json', '--state', 'other'], environment)
    assert.equal(older.exitCode, 4, older.stdout)
    assert.equal(failureOf(older).code, 'database-newer')
    assert.match(failureOf(older).message, /journal has version 9999, this one knows up to \d+\.$/)
  })
})

test('a database that cannot be used is told in one sentence, without its password', async (t) => {
  const desk = await openDesk(t)
  await desk.write(shared)
  const cases: readonly [url: string, exit: number, code: string, message: RegExp][] = [
    [
      `postgresql://ops:${password}@127.0.0.1:1/lifeboat`,
      3,
      'database-unreachable',
      /^The database 127\.0\.0\.1:1\/lifeboat cannot be used: nobody listens there\.$/,
    ],
    [
      `postgresql://ops:${password}@nowhere.invalid/lifeboat`,
      3,
      'database-unreachable',
      /^The database nowhere\.invalid\/lifeboat cannot be used: its host name/,
    ],
    [`mysql://ops:${password}@127.0.0.1/lifeboat`, 2, 'config-invalid', /^database: leads to no URL like postgresql:/],
    [`postgresql://ops:${password}@127.0.0.1`, 2, 'config-invalid', /^database: leads to no URL like postgresql:/],
    [password, 2, 'config-invalid', /^database: leads to no URL like postgresql:/],
  ]
  for (const [url, exit, code, message] of cases) {
    const result = await desk.lifeboat(['status', '--json', '--verbose'], { DATABASE_URL: url })
    assert.equal(result.exitCode, exit, result.stdout + result.stderr)
    assert.equal(failureOf(result).code, code)
    assert.match(failureOf(result).message, message)
    assert.ok(!(result.stdout + result.stderr).includes(password))
  }
  const log = path.join(desk.folder, '.lifeboat', 'controller.log')
  assert.ok(!readFileSync(log, 'utf8').includes(password))
})

test('a state folder with an embedded database is not left behind unseen', async (t) => {
  const desk = await openDesk(t)
  await desk.write(page)
  const own = await desk.lifeboat(['status', '--json'])
  assert.equal(own.exitCode, 0, own.stderr)
  await stopController(path.join(desk.folder, '.lifeboat'))
  await t.test('the database is refused until its moves were carried over', async () => {
    const database = await openSharedDatabase(t)
    await desk.write(shared)
    const result = await desk.lifeboat(['status', '--json'], { DATABASE_URL: database.url })
    assert.equal(result.exitCode, 4, result.stdout)
    assert.match(
      failureOf(result).message,
      /has an embedded database; `lifeboat database move` carries its moves to .+\/shared, or --state names another folder\.$/,
    )
  })
})

test('what a server refuses is told in its own words, and never with the password', async (t) => {
  const desk = await openDesk(t)
  const database = await openSharedDatabase(t)
  await desk.write(shared)
  // Over TCP, as people reach theirs; the server itself has a socket only, and thus no TLS.
  const port = await openProxy(t, database.socket)
  await database.query(`create role ops login password '${password}'`)
  const [hba] = await database.query<{ hba_file: string }>('show hba_file')
  writeFileSync(hba?.hba_file ?? '', 'local all lifeboat trust\nlocal all ops scram-sha-256\n')
  await database.query('select pg_reload_conf()')
  const at = (user: string, rest: string) => `postgresql://${user}@127.0.0.1:${port}/${rest}`
  const cases: readonly [url: string, message: RegExp][] = [
    [at(`ops:not-${password}`, 'shared'), /\/shared cannot be used: it refuses this user or password\.$/],
    [at(`ops:${password}`, 'nothing'), /\/nothing cannot be used: that server has no database of this name\.$/],
    [at(`ops:${password}`, 'shared'), /\/shared cannot be used: permission denied for database shared\.$/],
    [at(`ops:${password}`, 'shared?sslmode=verify-full'), /\/shared cannot be used: The server does not support SSL connections\.$/],
  ]
  for (const [url, message] of cases) {
    const result = await desk.lifeboat(['status', '--json', '--verbose'], { DATABASE_URL: url })
    assert.equal(result.exitCode, 3, result.stdout + result.stderr)
    assert.match(failureOf(result).message, message)
    assert.ok(!(result.stdout + result.stderr).includes(password))
  }
  await database.query('grant create on database shared to ops')
  const granted = await desk.lifeboat(['status', '--json'], { DATABASE_URL: at(`ops:${password}`, 'shared') })
  assert.equal(granted.exitCode, 0, granted.stdout + granted.stderr)
  assert.ok(!readFileSync(path.join(desk.folder, '.lifeboat', 'controller.log'), 'utf8').includes(password))
})

async function openProxy(t: TestContext, socket: string): Promise<number> {
  const server = createServer((near) => {
    const far = connect(socket)
    for (const each of [near, far]) each.on('error', () => undefined)
    near.pipe(far).pipe(near)
  })
  t.after(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
