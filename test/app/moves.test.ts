// Which moves `migrate` begins, and with what: in a real PostgreSQL, with nobody who carries them out.
import assert from 'node:assert/strict'
import test, { beforeEach } from 'node:test'
import { stringify } from 'yaml'
import { kinds } from '../../src/adapters.ts'
import { beginMoves, tellMove, type MigrateRequest, type Parts } from '../../src/app/moves.ts'
import { clientsToGoFirst } from '../../src/core/after.ts'
import { statusOf } from '../../src/app/status.ts'
import { parseConfig } from '../../src/config/load.ts'
import { goesBackWith } from '../../src/workflows/going-back.ts'
import { openJournal } from '../../src/workflows/journal.ts'
import { openSignals } from '../../src/workflows/signals.ts'
import { ownStore } from '../support/own-store.ts'

const { pool, store } = ownStore('moves')
let started: string[] = []

function parts(): Parts {
  const durable = {
    start: async ({ move, run }: { move: string; run: number }) => void (await Promise.resolve(started.push(`${move}:${run}`))),
    shutdown: async () => undefined,
  }
  return { store: store(), journal: openJournal(pool()), signals: openSignals(pool()), durable }
}

type Move = { readonly after?: readonly string[]; readonly services?: readonly string[] }

/** lifeboat.yaml with these moves between two lists of hosts. */
async function migrate(
  moves: Readonly<Record<string, Move>>,
  request: Partial<MigrateRequest> = {},
  freezes: Readonly<Record<string, readonly string[]>> = {},
) {
  const names = Object.keys(moves)
  const list = (net: string) => ({ kind: 'static', nodes: names.map((name, index) => ({ name, address: `${net}.${index + 1}` })) })
  const text = stringify({
    project: 'shop',
    freezes,
    providers: { old: list('192.0.2'), iron: list('198.51.100') },
    moves: Object.fromEntries(names.map((name) => [name, { from: { provider: 'old' }, to: { provider: 'iron' }, ...moves[name] }])),
  })
  const { document } = parseConfig({ text, baseFolder: '/' }, kinds)
  const wanted: MigrateRequest = { moves: [], fingerprint: null, approval: 'at-once', who: 'a test', isNewest: false, ...request }
  return await beginMoves(parts(), { text, baseFolder: '/' }, document, wanted, AbortSignal.timeout(30_000))
}

const runsOf = (begun: Awaited<ReturnType<typeof migrate>>) => begun.map(({ move, run, attached }) => `${move}:${run}${attached ? ' attached' : ''}`)

beforeEach(async () => {
  started = []
  await pool().query('truncate lifeboat.move, lifeboat.journal, lifeboat.signal, lifeboat.freeze')
})

test('what others come after is begun first, whatever its name', async () => {
  await migrate({ 'a-web': { after: ['b-api'] }, 'b-api': { after: ['c-db'] }, 'c-db': {} })
  assert.deepEqual(started, ['c-db:1', 'b-api:1', 'a-web:1'])
})

test('one that failed is begun anew with the configuration as it is now, and those that run keep theirs', async () => {
  await migrate({ 'db-1': {}, 'web-1': { services: ['old.service'] } })
  await store().learn('web-1', { files: 300 }, 0)
  await store().setState('web-1', 'failed', 0)
  started = []
  assert.deepEqual(runsOf(await migrate({ 'db-1': { services: ['new.service'] }, 'web-1': { services: ['new.service'] } }, { moves: ['web-1'] })), ['web-1:2'])
  assert.deepEqual(started, ['web-1:2'])
  const [db, web] = [await store().move('db-1'), await store().move('web-1')]
  assert.deepEqual([db?.settings.services, db?.run, db?.state], [[], 1, 'running'])
  assert.deepEqual([web?.settings.services, web?.state, web?.facts.files], [['new.service'], 'running', 300])
  assert.match((await store().configOf('web-1')).text, /new\.service/)
})

test('all means all that are left: those that run are watched, those that are finished are passed over unless they are named', async () => {
  const estate = { 'db-1': {}, 'web-1': { after: ['db-1'] }, 'web-2': {} }
  await migrate(estate)
  await store().setState('db-1', 'finished', 0)
  await store().setState('web-2', 'rolled-back', 0)
  assert.deepEqual(runsOf(await migrate(estate)), ['web-1:1 attached', 'web-2:2'])
  await assert.rejects(migrate(estate, { moves: ['db-1', 'web-1'] }), { code: 'not-now', message: /db-1 is finished/ })
  for (const name of ['web-1', 'web-2']) await store().setState(name, 'finished', 0)
  await assert.rejects(migrate(estate), { code: 'not-now' })
})

test('an order that goes round only together with a move that runs as it was begun is refused, and nothing starts', async () => {
  await migrate({ a: { after: ['b'] }, b: {} }, { moves: ['a'] })
  started = []
  await assert.rejects(migrate({ a: {}, b: { after: ['a'] } }, { moves: ['b'] }), { code: 'after-cycle', message: /a -> b -> a/ })
  assert.deepEqual(started, [])
  // Once it is switched nobody waits for anything any more.
  await store().learn('a', { serving: 'target' }, 0)
  assert.deepEqual(runsOf(await migrate({ a: {}, b: { after: ['a'] } }, { moves: ['b'] })), ['b:1'])
})

test('where every move stands, for those that come after it', async () => {
  await migrate({ 'db-1': {}, 'web-1': { after: ['db-1'] } })
  await store().learn('db-1', { serving: 'target' }, 0)
  await store().setState('db-1', 'failed', 0)
  assert.deepEqual(
    [...(await store().standings())],
    [
      ['db-1', { state: 'failed', serving: 'target', after: [] }],
      ['web-1', { state: 'running', serving: 'source', after: ['db-1'] }],
    ],
  )
})

/** Two that were switched in one freeze, and one that was not. */
async function switchedAsOne(): Promise<void> {
  await migrate({ 'db-1': {}, 'web-1': { after: ['db-1'] }, 'web-2': { after: ['db-1'] } }, {}, { shop: ['web-1', 'db-1'] })
  for (const name of ['db-1', 'web-1', 'web-2']) await store().learn(name, { serving: 'target' }, 0)
  for (const name of ['db-1', 'web-1']) {
    await store().waitForFreeze(name, 0, 'shop')
    await store().comeTo(name, 0, 'forward-stragglers')
    await store().leaveRound(name, 0, 'out')
  }
}

const rollback = async (name: string) => await tellMove(parts(), name, 'rollback', { digest: null, who: 'a test' })
const told = async () => (await pool().query<{ move: string }>('select move from lifeboat.signal order by move')).rows.map(({ move }) => move)

test('those that were switched in one freeze go back together, whichever of them is named, and no second word reaches them on the way', async () => {
  await switchedAsOne()
  const web = await rollback('web-1')
  assert.deepEqual([web.attached, web.together], [true, [{ move: 'db-1', run: 1 }]])
  assert.deepEqual(await told(), ['db-1', 'web-1'])
  assert.deepEqual((await rollback('db-1')).together, [{ move: 'web-1', run: 1 }])
  assert.deepEqual(await told(), ['db-1', 'web-1'])
  assert.equal((await rollback('web-2')).together, undefined, 'it shares no freeze')
})

test('where one of them is finished, back, without an answer of its source or in an attempt of its own, the other goes alone', async () => {
  const cannot = { serving: { serving: 'source' }, sourceAnswers: { sourceAnswers: false }, heldAt: { heldAt: new Date().toISOString() } } as const
  for (const facts of Object.values(cannot)) {
    await pool().query('truncate lifeboat.move, lifeboat.freeze, lifeboat.signal')
    await switchedAsOne()
    await store().learn('db-1', facts, 0)
    assert.equal((await rollback('web-1')).together, undefined)
    assert.deepEqual(await told(), ['web-1'])
  }
  await store().learn('db-1', { serving: 'target', sourceAnswers: true, heldAt: null }, 0)
  await store().setState('db-1', 'finished', 0)
  assert.equal((await rollback('web-1')).together, undefined)
})

test('status tells who goes back with a move, at the price of one pause for both, and who should go before', async () => {
  await switchedAsOne()
  const standing = async (name: string) => {
    const move = (await store().progress([name]))[0] ?? assert.fail(name)
    const together = move.freeze === null ? [] : await goesBackWith(store(), move.freeze)
    return statusOf(move, null, Date.now(), { clients: clientsToGoFirst(await store().standings()).get(name) ?? [], together })
  }
  const [web, db, other] = [await standing('web-1'), await standing('db-1'), await standing('web-2')]
  assert.deepEqual([web.backTogether, db.backTogether, other.backTogether], [['db-1'], ['web-1'], []])
  assert.deepEqual([web.backFirst, db.backFirst], [[], ['web-2']])
  assert.equal(web.rollback.seconds, db.rollback.seconds)
  assert.ok(Number(web.rollback.seconds) > Number(other.rollback.seconds))
})
