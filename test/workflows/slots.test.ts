// Places of moves in a real PostgreSQL that many ask at once.
import assert from 'node:assert/strict'
import test, { beforeEach } from 'node:test'
import type { Limits, Slot } from '../../src/core/slots.ts'
import { sleep } from '../../src/io/wait.ts'
import type { Step } from '../../src/workflows/run.ts'
import { letOthersSwitch } from '../../src/workflows/steps/waiting.ts'
import { openStore } from '../../src/workflows/store.ts'
import { ownStore } from '../support/own-store.ts'

const { pool, store } = ownStore('slots')
const limits: Limits = { perSource: 3, perTarget: 2, startsPerHour: 20 }
const longMs = 60_000
const moves = Array.from({ length: 12 }, (_, index) => `web-${index}`)
const hold: readonly Slot[] = [{ kind: 'hold', of: 'old' }]
const copy = (source: string, target: string): readonly Slot[] => [
  { kind: 'source', of: source },
  { kind: 'target', of: target },
]
const take = async (move: string, slots: readonly Slot[], ms = longMs) => await store().takeSlots(move, slots, limits, ms)
const isMine = async (move: string, slots: readonly Slot[], ms = longMs) => (await take(move, slots, ms)).full === null
/** Those of many that have it now, when all ask at once. */
const winners = async (slots: (move: string) => readonly Slot[]) => {
  const asked = await Promise.all(moves.map(async (move) => ((await isMine(move, slots(move))) ? [move] : [])))
  return asked.flat().sort()
}

beforeEach(async () => void (await pool().query('truncate lifeboat.slot, lifeboat.move')))

test('of many that ask at once one may hold the clients of a source, until it leaves', async () => {
  const first = await winners(() => hold)
  assert.equal(first.length, 1)
  assert.deepEqual(await winners(() => hold), first, 'who has it has it when it asks again')
  assert.deepEqual((await take('db-1', hold)).holders, first)
  assert.equal(await isMine('db-2', [{ kind: 'hold', of: 'elsewhere' }]), true, 'another source has one of its own')
  assert.equal(await store().turnOf('old'), first[0])
  await store().leaveSlots(first[0] ?? '', ['hold'])
  assert.equal(await store().turnOf('old'), null)
  assert.equal((await winners(() => hold)).length, 1)
})

test('of many that ask at once no more copy than both limits allow, and all of those do', async () => {
  for (let round = 0; round < 5; round++) {
    await pool().query('truncate lifeboat.slot')
    const target = (move: string): string => `new-${Number(move.slice(4)) % 2}`
    // Three of one source, two to each of two targets.
    let first: readonly string[] = []
    for (let asked = 0; asked < 3; asked++) first = await winners((move) => copy('old', target(move)))
    assert.equal(first.length, 3, first.join())
    for (const one of ['new-0', 'new-1']) assert.ok(first.filter((move) => target(move) === one).length <= 2)
  }
})

test('who asked first is next, also when it asks last; who waited in vain for long does not hold up others', async () => {
  assert.ok(await isMine('a', hold))
  assert.equal(await isMine('b', hold), false)
  assert.equal(await isMine('c', hold), false)
  await store().leaveSlots('a', ['hold'])
  assert.equal(await isMine('c', hold), false, 'b is next')
  assert.ok(await isMine('b', hold))
  await store().leaveSlots('b', ['hold'])
  await pool().query(`update lifeboat.slot set until = clock_timestamp() where move = 'c'`)
  assert.ok(await isMine('d', hold), 'c has not asked for long')
  await store().leaveSlots('d', ['hold'])
  assert.equal(await isMine('c', hold), true, 'and has kept its place')
})

test('a place that nobody keeps runs out: another may have it, and who had it must ask again', async () => {
  assert.ok(await isMine('gone', hold, 300))
  assert.equal(await isMine('next', hold), false)
  assert.ok(await store().keepSlots('gone', hold, 300))
  await sleep(400, new AbortController().signal)
  assert.ok(await isMine('next', hold))
  assert.equal(await store().keepSlots('gone', hold, longMs), false)
  assert.deepEqual(await take('gone', hold), { full: hold[0], ahead: 0, holders: ['next'] })
  assert.equal((await take('later', hold)).ahead, 1)
})

test('the end of a run leaves everything but when it began', async () => {
  const start: Slot = { kind: 'start', of: 'new' }
  assert.ok((await isMine('a', copy('old', 'new'))) && (await isMine('a', [start])))
  await store().dropSlots('a')
  const { rows } = await pool().query('select kind, move from lifeboat.slot')
  assert.deepEqual(rows, [{ kind: 'start', move: 'a' }])
})

test('a link is shared by those that may copy at the same time: first copies as the limit of their source lets, and who copies now', async () => {
  const add = async (name: string, source: string, lastPass: unknown, state = 'running') =>
    await pool().query(`insert into lifeboat.move (name, settings, plan, facts, config, state) values ($1, $2, '{}', $3, '{}', $4)`, [
      name,
      { from: { provider: source } },
      { lastPass },
      state,
    ])
  assert.equal(await store().copiesAtOnce(3), 1)
  for (const name of moves) await add(name, 'old', null)
  assert.equal(await store().copiesAtOnce(3), 3)
  await add('b-1', 'other', null)
  await add('b-2', 'other', null, 'failed')
  assert.equal(await store().copiesAtOnce(3), 4)
  await add('c-1', 'other', { seconds: 1 })
  assert.equal(await store().copiesAtOnce(3), 4)
  assert.ok(await isMine('c-1', [{ kind: 'link', of: 'all' }]))
  assert.equal(await store().copiesAtOnce(3), 5)
})

test('what can wait stands back while another move of its source holds clients, never for itself or another source, and not for ever', async () => {
  const stepOf = (move: string, provider: string) =>
    ({ run: { services: { store: store() }, ports: { plan: { from: { provider } } }, move }, signal: new AbortController().signal }) as unknown as Step
  await take('web-1', hold)
  const order: string[] = []
  const standing = async (move: string, provider: string) => void (await letOthersSwitch(stepOf(move, provider)), order.push(move))
  const waits = standing('web-2', 'old')
  await Promise.all([standing('web-1', 'old'), standing('web-3', 'elsewhere')])
  assert.equal(order.includes('web-2'), false)
  await store().leaveSlots('web-1', ['hold'])
  await waits
  assert.equal(order.at(-1), 'web-2')
  await take('web-1', hold)
  await standing('web-4', 'old')
  assert.equal(await store().turnOf('old'), 'web-1', 'who waited long enough goes on beside it')
})

test('of a thousand that ask at the same time nobody asks for long, as one look answers many', async () => {
  let queries = 0
  const counting = new Proxy(pool(), {
    get: (of, key) => {
      if (key === 'query') queries++
      const value: unknown = Reflect.get(of, key)
      return typeof value === 'function' ? value.bind(of) : value
    },
  })
  const own = openStore(counting)
  const taken = await Promise.all(Array.from({ length: 1000 }, async (_, nth) => await own.takeSlots(`many-${nth}`, hold, limits, longMs)))
  assert.equal(taken.filter(({ full }) => full === null).length, 1)
  assert.deepEqual(
    taken
      .map(({ ahead }) => ahead)
      .sort((one, other) => one - other)
      .slice(-3),
    [996, 997, 998],
  )
  assert.ok(queries < 20, `${queries} queries`)
})

test('who is near to its turn is waked when a place is given up', async () => {
  assert.ok(await isMine('a', hold))
  const began = performance.now()
  const rest = store().restInLine(0, 10_000, AbortSignal.timeout(20_000))
  await store().leaveSlots('a', ['hold'])
  await rest
  assert.ok(performance.now() - began < 4000, 'else it rests for six seconds')
  const ended = new AbortController()
  const far = store().restInLine(100, 10_000, ended.signal)
  ended.abort(new Error('The end.'))
  await assert.rejects(far, /The end/)
})
