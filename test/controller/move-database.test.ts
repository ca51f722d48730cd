// `lifeboat database move`: an estate goes from the embedded database into a shared one, and what ran goes on there.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { Pool } from 'pg'
import { placesOf } from '../../src/controller/places.ts'
import { startPostgres } from '../../src/controller/postgres.ts'
import { createTables } from '../../src/workflows/store.ts'
import { openDesk } from '../support/cli.ts'
import { openWorld, startExecutor, storeMove, until } from '../support/executors.ts'
import { openSharedDatabase } from '../support/shared-database.ts'

const page = 'project: shop\nproviders:\n  iron: { kind: static, nodes: [{ name: a, address: 192.0.2.1 }] }\n'

test('a move that was under way goes on in the other database, at the step where it was', async (t) => {
  const desk = await openDesk(t)
  const shared = await openSharedDatabase(t)
  const state = path.join(desk.folder, '.lifeboat')
  await desk.write(page)
  const server = await startPostgres(placesOf(state), AbortSignal.timeout(60_000))
  const own = new Pool({ connectionString: server.url, max: 3 })
  const other = new Pool({ connectionString: shared.url, max: 3 })
  other.on('error', () => undefined)
  t.after(async () => await other.end())
  own.on('error', () => undefined)
  await createTables(own)
  for (const pool of [own, other]) await openWorld(pool)
  await storeMove(own, 'web-1')
  const first = await startExecutor(server.url, 'here', 'alone')
  first.child.kill('SIGUSR2')
  await until(async () => (await own.query('select from world.mark')).rowCount !== 0, 'The first step that lasts', 30)
  first.child.kill('SIGKILL')
  await first.ended
  // A text that a careless copy would change, and more records than go in one message.
  await own.query(
    `insert into lifeboat.journal (move, run, step, state, text) select 'web-1', 1, 'x', 'progress', E'"\\\\u00e9\\n\\t{}' || n from generate_series(1, 450) n`,
  )
  const records = async (pool: Pool) => (await pool.query('select * from lifeboat.journal order by seq')).rows
  const journal = await records(own)
  await own.end()
  writeFileSync(path.join(state, 'known_hosts'), 'old/web-1 ssh-ed25519 AAAAC3Nz\n')

  await t.test('a password is refused where everybody can read it', async () => {
    const result = await desk.lifeboat(['database', 'move', 'postgresql://ops:hunter2@127.0.0.1:1/x', '--json'])
    assert.equal(result.exitCode, 2)
    assert.match(result.stdout, /"code":"literal-secret"/)
    assert.ok(!result.stdout.includes('hunter2'))
  })
  await t.test('a database that cannot be reached changes nothing', async () => {
    const result = await desk.lifeboat(['database', 'move', 'postgresql://ops@127.0.0.1:1/x', '--json'])
    assert.equal(result.exitCode, 3)
    assert.ok(!existsSync(path.join(state, 'database.moved')))
  })

  const moved = await desk.lifeboat(['database', 'move', 'env:TO', '--json'], { TO: shared.url })
  assert.equal(moved.exitCode, 0, moved.stdout + moved.stderr)
  assert.equal((JSON.parse(moved.stdout) as { moves: number }).moves, 1)
  assert.match(moved.stderr, /Put `database:` into lifeboat\.yaml/)
  assert.deepEqual(await records(other), journal)
  assert.deepEqual(await shared.query('select * from lifeboat.host_key'), [{ host: 'old/web-1', kind: 'ssh-ed25519', key: 'AAAAC3Nz' }])

  await t.test('it goes on there, and numbers of the journal are not given out twice', async () => {
    const second = await startExecutor(shared.url, 'there', 'shared')
    await until(async () => (await other.query('select from world.mark')).rowCount !== 0, 'The step where it was', 10)
    await other.query('insert into world.go default values')
    const ended = async () => (await other.query(`select from lifeboat.move where state = 'failed'`)).rowCount === 1
    await until(ended, 'The end of the run', 30)
    const begun = (await records(other)).filter(({ state: each }) => each === 'started').map(({ step }) => String(step))
    assert.deepEqual(begun, ['check-source', 'adopt-inventory', 'provision-node', 'provision-node', 'prepare-node'])
    second.child.kill('SIGTERM')
    assert.equal(await second.ended, 0)
  })

  await t.test('the folder tells where its moves are, and is not used without it', async () => {
    assert.match(readFileSync(path.join(state, 'database.moved'), 'utf8'), /\/shared\n$/)
    const without = await desk.lifeboat(['status', '--json'])
    assert.equal(without.exitCode, 4)
    assert.match(without.stdout, /were carried to .+\/shared; `database:` in lifeboat\.yaml must name it\./)
    const again = await desk.lifeboat(['database', 'move', 'env:TO', '--json'], { TO: shared.url })
    assert.equal(again.exitCode, 4)
    assert.match(again.stdout, /are in .+\/shared already\./)
  })
})
