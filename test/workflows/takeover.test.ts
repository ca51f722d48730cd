// Several processes on one database: each move is run by one of them, and goes on elsewhere when that one is gone, or
// only seems to be. No node is needed for it: test/support/executor-process.ts says what stands in for one.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import test, { after, before } from 'node:test'
import { Pool } from 'pg'
import { plannedMoveSchema } from '../../src/core/plan.ts'
import { moveSettingsSchema } from '../../src/core/stored-move.ts'
import { sleep, waitUntil } from '../../src/io/wait.ts'
import { executors } from '../../src/workflows/executors.ts'
import { createTables, openStore } from '../../src/workflows/store.ts'
import { openSharedDatabase, type SharedDatabase } from '../support/shared-database.ts'

const ends: (() => Promise<void>)[] = []
const running: ChildProcess[] = []
let database: SharedDatabase
let pool: Pool

before(async () => {
  database = await openSharedDatabase({ after: (act) => void ends.push(act) })
  pool = new Pool({ connectionString: database.url, max: 4 })
  await createTables(pool)
  await pool.query('create schema world; create table world.go (); create table world.mark (at timestamptz default clock_timestamp(), folder text, token int)')
})

after(async () => {
  for (const child of running) child.kill('SIGKILL')
  await pool.end()
  for (const end of ends) await end()
})

type Executor = { readonly folder: string; readonly child: ChildProcess; readonly lines: string[]; readonly ended: Promise<number | null> }

/** Starts a process that runs moves and waits until it does. */
async function start(folder: string, kind: 'shared' | 'alone'): Promise<Executor> {
  const script = path.join(import.meta.dirname, '../support/executor-process.ts')
  const child = spawn(process.execPath, [script, database.url, folder, kind], { stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(child)
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => void lines.push(line))
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  await until(() => lines.includes('ready'), 'A start', 60)
  return { folder, child, lines, ended }
}

async function until(isSo: () => boolean | Promise<boolean>, what: string, seconds: number): Promise<number> {
  const began = performance.now()
  const ask = async () => ((await isSo()) ? true : null)
  await waitUntil(ask, { what, deadlineMs: seconds * 1000, everyMs: 50, signal: AbortSignal.timeout(seconds * 1000 + 5000) })
  return performance.now() - began
}

type Mark = { readonly folder: string; readonly token: number }
const marks = async (): Promise<Mark[]> => (await pool.query<Mark>('select folder, token from world.mark order by at')).rows
const actsNow = async (): Promise<string> => (await marks()).at(-1)?.folder ?? ''

/** A stored move that nobody has begun, and a world without marks. */
async function storeMove(name: string): Promise<void> {
  await pool.query('truncate world.mark, world.go, lifeboat.move, lifeboat.journal, lifeboat.executor')
  const ssh = { user: 'root', port: 22, keyFile: null, jump: null, sudo: false }
  const common = { name, project: 'shop', ports: [] }
  const settings = moveSettingsSchema.parse({
    ...common,
    from: { provider: 'old', id: name },
    to: { provider: 'iron' },
    source: { address: '192.0.2.1', ssh },
    target: { ssh },
    data: [],
    services: [],
    singletons: [],
    checks: [],
    names: [],
    downtimeBudgetMs: 20_000,
    reverseSync: true,
    finish: { policy: 'manual', watchForMs: 1000, forwardForMs: 1000 },
  })
  const to = { provider: 'iron', kind: 'static', size: '', image: '', reasons: [], alternatives: [], monthlyCost: null, volumeGiB: 0, address: '192.0.2.2' }
  const rest = { path: 'direct', forecastPauseMs: null, steps: [], after: [], roots: [], blockers: [], warnings: [] }
  const plan = plannedMoveSchema.parse({ ...common, from: { provider: 'old', id: name, name, address: '192.0.2.1' }, to, ...rest })
  assert.equal(await openStore(pool).beginRun(settings, plan, { text: '', baseFolder: '/' }), 1)
}

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
  await storeMove('web-1')
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
    assert.ok(performance.now() - woke < 2000, `${performance.now() - woke} ms`)
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
  await storeMove('web-2')
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

test('one that was declared dead gets no token, and what an older token learned is refused', async () => {
  await storeMove('web-1')
  const [who, store] = [executors(pool), openStore(pool)]
  await who.enter('one', 'x', 'worker')
  assert.equal(await store.claimToken('web-1', 'one'), 1)
  await who.enter('two', 'x', 'worker')
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
