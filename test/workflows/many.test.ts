// What keeps a thousand moves from costing more than a thousand times one: what is asked of the database for all of them
// together, and what is kept once.
import assert from 'node:assert/strict'
import test, { beforeEach } from 'node:test'
import fc from 'fast-check'
import { obstacleOf } from '../../src/core/after.ts'
import { noFacts } from '../../src/core/stored-move.ts'
import type { Pass } from '../../src/movers/mover.ts'
import { openJournal } from '../../src/workflows/journal.ts'
import type { Step } from '../../src/workflows/run.ts'
import { openSignals } from '../../src/workflows/signals.ts'
import { whileKeptInStep } from '../../src/workflows/steps/sync.ts'
import { ownStore } from '../support/own-store.ts'

const { pool, store } = ownStore('many')
const longEnough = (): AbortSignal => AbortSignal.timeout(20_000)

beforeEach(async () => void (await pool().query('truncate lifeboat.move, lifeboat.journal, lifeboat.signal, lifeboat.config, lifeboat.slot')))

const add = async (name: string, { after = [], state = 'running', serving = 'source', config = {} }: Readonly<Record<string, unknown>> = {}) =>
  await pool().query(`insert into lifeboat.move (name, settings, plan, facts, config, state) values ($1, '{}', $2, $3, $4, $5)`, [
    name,
    { after },
    { serving },
    config,
    state,
  ])

test('a word is heard by who listens for it, whoever sent it, and by nobody else; looking for many is one query at a time', async () => {
  const counted = { queries: 0 }
  const query = async (sql: string, values: unknown[]) => {
    counted.queries++
    return await pool().query(sql, values)
  }
  const signals = openSignals({ query } as unknown as ReturnType<typeof pool>)
  const [heard, until] = [[] as string[], new AbortController()]
  const listens = Array.from({ length: 200 }, async (_, nth) => {
    await signals.heard(`web-${nth}`, 1, 'finish', until.signal).then(
      () => heard.push(`web-${nth}`),
      () => undefined,
    )
  })
  const others = openSignals(pool())
  for (const [move, run, kind] of [
    ['web-1', 2, 'finish'],
    ['web-2', 1, 'approve'],
    ['web-3', 1, 'finish'],
  ] as const)
    await others.send(move, run, kind)
  await listens[3]
  await others.send('web-4', 1, 'finish')
  await listens[4]
  assert.deepEqual(heard, ['web-3', 'web-4'])
  assert.ok(counted.queries < 50, `${counted.queries} queries`)
  until.abort(new Error('The end.'))
  await Promise.all(listens)
  assert.deepEqual(heard, ['web-3', 'web-4'])
  assert.equal(await others.waits('web-3', 1, 'finish'), true, 'it is not taken')
  await assert.rejects(signals.heard('web-3', 1, 'finish', until.signal), /The end/)
})

test('moves that begin with the same text share it, and one of an older version has its own', async () => {
  const [long, other] = [
    { text: 'a: 1\n'.repeat(1000), baseFolder: '/a' },
    { text: 'b: 2\n', baseFolder: '/b' },
  ]
  const settings = (name: string) => ({ name }) as unknown as Parameters<ReturnType<typeof store>['beginRun']>[0]
  const plan = {} as unknown as Parameters<ReturnType<typeof store>['beginRun']>[1]
  for (const name of ['web-1', 'web-2']) assert.equal(await store().beginRun(settings(name), plan, long), 1)
  assert.equal(await store().beginRun(settings('web-3'), plan, { ...long, baseFolder: '/c' }), 1)
  assert.equal(await store().beginRun(settings('web-4'), plan, other), 1)
  await add('old', { config: long })
  const { rows } = await pool().query<{ texts: string; largest: string }>(
    'select (select count(*) from lifeboat.config) as texts, max(length(config::text)) as largest from lifeboat.move where name <> $1',
    ['old'],
  )
  assert.deepEqual([rows[0]?.texts, Number(rows[0]?.largest) < 200], ['2', true])
  assert.deepEqual(await store().configOf('web-3'), { ...long, baseFolder: '/c' })
  for (const name of ['web-1', 'old']) assert.deepEqual(await store().configOf(name), long)
  assert.deepEqual(await store().configOf('web-4'), other)
  assert.deepEqual(await store().configOf('nobody'), { text: '', baseFolder: '' })
})

test('what a move waits for is found by what stands behind it alone', async () => {
  const estates = fc.array(
    fc.record({
      after: fc.array(fc.nat(9), { maxLength: 3 }),
      state: fc.constantFrom('running', 'failed', 'rolled-back'),
      serving: fc.constantFrom('source', 'source', 'target'),
      stored: fc.constantFrom(true, true, true, false),
    }),
    { minLength: 1, maxLength: 10 },
  )
  await fc.assert(
    fc.asyncProperty(estates, async (moves) => {
      await pool().query('truncate lifeboat.move')
      const named = moves.map(({ after, ...rest }, nth) => ({ ...rest, name: `m${nth}`, after: nth === 0 ? [] : after.map((each) => `m${each % nth}`) }))
      for (const { name, stored, ...rest } of named) if (stored) await add(name, rest)
      const estate = await store().standings()
      for (const { after } of named) assert.deepEqual(obstacleOf(after, await store().standingsBehind(after)), obstacleOf(after, estate))
    }),
    { numRuns: 40 },
  )
})

test('the newest record of each move is found at once', async () => {
  const journal = openJournal(pool())
  const entry = (move: string, text: string) => ({ move, run: 1, step: 'first-sync', state: 'progress' as const, text })
  for (const text of ['one', 'two']) for (const move of ['a', 'b']) await journal.append(entry(move, text))
  const latest = await journal.latestOf(['a', 'b', 'c'])
  assert.deepEqual(
    [...latest].map(([move, { text }]) => [move, text]),
    [
      ['a', 'two'],
      ['b', 'two'],
    ],
  )
  assert.deepEqual(await journal.latest('b'), latest.get('b'))
  assert.equal(await journal.latest('c'), null)
})

/** As much of a step as a pass needs. */
function stepOf(move: string): { readonly step: Step; readonly passes: () => number } {
  let passes = 0
  const pass: Pass = { movedBytes: 0, movedFiles: 0, remainingBytes: 0, lagSeconds: 0, seconds: 0 }
  const sync = async (): Promise<Pass> => {
    passes++
    return await Promise.resolve(pass)
  }
  const link = { address: '192.0.2.1', call: async () => await Promise.resolve({ bootId: '1' }) }
  const ports = { plan: { from: { provider: 'old' } }, limits: {}, link: async () => await Promise.resolve(link), movers: [{ name: 'files', mover: { sync } }] }
  const services = { store: { turnOf: async () => await Promise.resolve(null) } }
  const nothing = async (): Promise<void> => await Promise.resolve()
  const run = { move, token: 1, services, ports, claimed: new Set(['source', 'target']) }
  const facts = { ...noFacts, boots: { source: '1', target: '1' } }
  return { step: { run, settings: { data: [] }, facts, signal: longEnough(), say: nothing, learn: nothing } as unknown as Step, passes: () => passes }
}

test('of many moves that wait all are kept in step, with ten passes a second for all of them', async () => {
  const all = Array.from({ length: 40 }, (_, nth) => stepOf(`web-${nth}`))
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  await Promise.all(
    all.map(
      async ({ step, passes: made }) =>
        await whileKeptInStep(step, async (passes) => {
          while (made() < 2) {
            if (passes.dueInMs() === 0) await passes.make()
            await new Promise((resolve) => setTimeout(resolve, 20))
          }
        }),
    ),
  )
  // The second pass of each comes after what forty passes may take.
  assert.ok(seconds() > 3, `${seconds()} s`)
  const alone = stepOf('db-1')
  await whileKeptInStep(alone.step, async (passes) => {
    await passes.make()
    assert.ok(passes.dueInMs() > 0)
    await new Promise((resolve) => setTimeout(resolve, 150))
    assert.equal(passes.dueInMs(), 0, 'those that are gone do not count')
  })
})
