// Several processes on one database: each move is run by one of them, and goes on elsewhere when that one is gone, or
// only seems to be. No node is needed for it: test/support/executor-process.ts says what stands in for one.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { Pool } from 'pg'
import { runbookVersion } from '../../src/core/runbook.ts'
import { sleep } from '../../src/io/wait.ts'
import { executors } from '../../src/workflows/executors.ts'
import { createTables, openStore } from '../../src/workflows/store.ts'
import { openWorld, startExecutor, storeMove, until, type Executor } from '../support/executors.ts'
import { openSharedDatabase, type SharedDatabase } from '../support/shared-database.ts'

const ends: (() => Promise<void>)[] = []
const running: Executor[] = []
let database: SharedDatabase
let pool: Pool

before(async () => {
  database = await openSharedDatabase({ after: (act) => void ends.push(act) })
  pool = new Pool({ connectionString: database.url, max: 4 })
  await createTables(pool)
  await openWorld(pool)
})

after(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await pool.end()
  for (const end of ends) await end()
})

async function start(folder: string, kind: 'shared' | 'alone'): Promise<Executor> {
  const executor = await startExecutor(database.url, folder, kind)
  running.push(executor)
  return executor
}

type Mark = { readonly folder: string; readonly token: number }
const marks = async (): Promise<Mark[]> => (await pool.query<Mark>('select folder, token from world.mark order by at')).rows
const actsNow = async (): Promise<string> => (await marks()).at(-1)?.folder ?? ''

/** How often each step was begun, and how the run ended. */
async function told(): Promise<{ readonly begun: Record<string, number>; readonly state: string }> {
  const { rows } = await pool.query<{ step: string; n: number }>(`select step, count(*)::int as n from lifeboat.journal where state = 'started' group by step`)
  const state = (await pool.query<{ state: string }>('select state from lifeboat.move')).rows[0]?.state ?? ''
  return { begun: Object.fromEntries(rows.map(({ step, n }) => [step, n])), state }
}

/** Lets the long step end: the move goes on to the next one, where it needs a node and fails, as it must here. */
async function letGo(): Promise<void> {
  await pool.query('insert into world.go default values')
  await until(async () => (await told()).state === 'failed', 'The end of the run', 30)
}

test('a process that is killed or stopped loses its moves to another one, which goes on at the interrupted step', async (t) => {
  await storeMove(pool, 'web-1')
  const [a, b] = [await start('a', 'shared'), await start('b', 'shared')]
  a.child.kill('SIGUSR2')
  await until(async () => (await marks()).length > 3, 'The first step that lasts', 30)
  const [first, second] = (await actsNow()) === 'a' ? [a, b] : [b, a]

  await t.test('killed: within 30 s', async () => {
    first.child.kill('SIGKILL')
    const ms = await until(async () => (await actsNow()) === second.folder, 'A takeover', 30)
    t.diagnostic(`taken over after ${(ms / 1000).toFixed(1)} s`)
    assert.ok(ms > 5000, 'nobody is declared dead at once')
  })

  await t.test('stopped for 25 s: what it does on waking is refused, and it ends', async () => {
    const third = await start('c', 'shared')
    second.child.kill('SIGSTOP')
    await sleep(25_000, AbortSignal.timeout(30_000))
    assert.equal(await actsNow(), 'c')
    const before = (await marks()).length
    second.child.kill('SIGCONT')
    const woke = performance.now()
    assert.equal(await second.ended, 4)
    const ms = performance.now() - woke
    t.diagnostic(`ended ${ms.toFixed(0)} ms after it woke`)
    assert.ok(ms < 2000, `${ms} ms`)
    assert.ok(['lost executor-replaced', 'lost database-unreachable'].includes(second.lines.at(-1) ?? ''), second.lines.join())
    await sleep(500, AbortSignal.timeout(5000))
    assert.deepEqual([...new Set((await marks()).slice(before).map((mark) => mark.folder))], ['c'])
    assert.deepEqual([...new Set((await marks()).map((mark) => mark.token))], [1, 2, 3])

    await letGo()
    const { begun } = await told()
    assert.deepEqual([begun['check-source'], begun['adopt-inventory'], begun['provision-node'], begun['prepare-node']], [1, 1, 3, 1])
    third.child.kill('SIGTERM')
    assert.equal(await third.ended, 0)
  })
})

test('a process that ends in order leaves its move as it stands, and the next one in its folder goes on at once', async () => {
  await storeMove(pool, 'web-2')
  const first = await start('d', 'alone')
  first.child.kill('SIGUSR2')
  await until(async () => (await marks()).length > 3, 'The first step that lasts', 30)
  first.child.kill('SIGTERM')
  assert.equal(await first.ended, 0)
  const second = await start('d', 'alone')
  const before = (await marks()).length
  await until(async () => (await marks()).length > before, 'A mark of the next one', 5)
  second.child.kill('SIGKILL')
  await second.ended
  const third = await start('d', 'alone')
  await until(async () => (await marks()).at(-1)?.token === 3, 'A mark of the third one', 5)
  await letGo()
  const { begun } = await told()
  assert.deepEqual([begun['check-source'], begun['provision-node'], begun['prepare-node']], [1, 3, 1])
  third.child.kill('SIGTERM')
  assert.equal(await third.ended, 0)
})

test('a run that was stored and never came into the queue, as whoever began it died in between, is begun by the next process', async () => {
  await storeMove(pool, 'web-4', { want: 'migrate', approval: 'at-once', notBefore: null, rehearse: false })
  const next = await start('e', 'alone')
  await until(async () => (await marks()).length > 0, 'The first step that lasts', 30)
  await letGo()
  const { begun } = await told()
  assert.deepEqual([begun['check-source'], begun['provision-node']], [1, 1])
  next.child.kill('SIGTERM')
  assert.equal(await next.ended, 0)
})

test('workers are exchanged one after the other: a move goes on where its steps are known, and waits for that where they are not', async (t) => {
  await storeMove(pool, 'web-3')
  const [known, other] = [runbookVersion, 'runbook-of-another-table']
  const startAs = async (folder: string, version: string): Promise<Executor> => {
    const executor = await startExecutor(database.url, folder, 'shared', version)
    running.push(executor)
    return executor
  }
  const old = await startAs('old', known)
  old.child.kill('SIGUSR2')
  await until(async () => (await marks()).length > 3, 'The first step that lasts', 30)
  const same = await startAs('new-package', known)
  old.child.kill('SIGTERM')
  assert.equal(await old.ended, 0)
  const ms = await until(async () => (await actsNow()) === 'new-package', 'A takeover', 30)
  t.diagnostic(`told to end: taken over after ${(ms / 1000).toFixed(1)} s`)

  const changed = await startAs('new-steps', other)
  assert.deepEqual([...(await executors(pool, other).waitingForVersion())], [])
  same.child.kill('SIGTERM')
  assert.equal(await same.ended, 0)
  const before = (await marks()).length
  // Two of its beats, with each of which it would take over.
  const beat = async () => (await pool.query<{ beat: Date }>(`select beat from lifeboat.executor where folder = 'new-steps'`)).rows[0]?.beat.getTime() ?? 0
  for (let beats = 0; beats < 2; beats++) {
    const last = await beat()
    await until(async () => (await beat()) > last, 'A beat', 30)
  }
  assert.deepEqual([...(await executors(pool, other).waitingForVersion())], [['web-3', known]])
  assert.equal((await marks()).length, before, 'nobody replays what it does not know')
  // A controller with the known steps would not leave its moves to a worker that does not know them.
  assert.deepEqual([await executors(pool, known).hasWorkers(), await executors(pool, other).hasWorkers()], [false, true])

  const again = await startAs('old', known)
  await until(async () => (await marks()).length > before && (await actsNow()) === 'old', 'A mark of one that knows the steps', 30)
  await letGo()
  const { begun } = await told()
  assert.deepEqual([begun['check-source'], begun['provision-node'], begun['prepare-node']], [1, 3, 1])
  assert.deepEqual((await pool.query(`select from lifeboat.journal where state = 'failed' and step = 'provision-node'`)).rows, [])

  await t.test('a worker whose tables were raised by a newer version ends', async () => {
    await pool.query('update lifeboat.version set number = number + 1')
    try {
      assert.deepEqual(await Promise.all([changed.ended, again.ended]), [4, 4])
      for (const { lines } of [changed, again]) assert.equal(lines.at(-1), 'lost database-newer')
    } finally {
      await pool.query('update lifeboat.version set number = number - 1')
    }
  })
})

test('one that was declared dead gets no token, and what an older token learned is refused', async () => {
  await storeMove(pool, 'web-1')
  const [who, store] = [executors(pool, runbookVersion), openStore(pool)]
  await who.enter('one', { folder: 'x', kind: 'worker', version: runbookVersion })
  assert.equal(await store.claimToken('web-1', 'one'), 1)
  await who.enter('two', { folder: 'x', kind: 'worker', version: runbookVersion })
  assert.equal(await who.beat('one'), false)
  assert.equal(await store.claimToken('web-1', 'one'), null)
  assert.equal(await store.claimToken('web-1', 'two'), 2)
  await assert.rejects(store.learn('web-1', { attempt: 7 }, 1), { code: 'token-stale' })
  await assert.rejects(store.setState('web-1', 'failed', 1), { code: 'token-stale' })
  assert.equal((await store.learn('web-1', { attempt: 3 }, 2)).attempt, 3)
  // Silence is what the database's clock says.
  await pool.query(`update lifeboat.executor set beat = clock_timestamp() - interval '14 s'`)
  assert.deepEqual(await who.fenceSilent('three'), [])
  await pool.query(`update lifeboat.executor set beat = clock_timestamp() - interval '16 s'`)
  assert.deepEqual(await who.fenceSilent('two'), [], 'never itself')
  assert.deepEqual(await who.fenceSilent('three'), ['two'])
  assert.deepEqual(await who.fenceSilent('three'), [], 'once')
})
