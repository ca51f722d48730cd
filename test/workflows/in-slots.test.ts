// What a step does while it waits for its place, while it has it, and afterwards.
import assert from 'node:assert/strict'
import test, { beforeEach, mock } from 'node:test'
import type { Limits } from '../../src/core/slots.ts'
import { noFacts } from '../../src/core/stored-move.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { perform, type Run, type Step } from '../../src/workflows/run.ts'
import { awaitStart, whileFewCopy, withShare } from '../../src/workflows/steps/in-slots.ts'
import { ownStore } from '../support/own-store.ts'

const { pool, store } = ownStore('in-slots')

type Given = { readonly limits?: Partial<Limits>; readonly address?: string | null; readonly hasTarget?: boolean; readonly signal?: AbortSignal }

/** As much of a step as these need. */
function stepOf(move: string, { limits, address = null, hasTarget = false, signal = AbortSignal.timeout(30_000) }: Given = {}) {
  const told: { readonly text: string; readonly waitingFor: unknown; readonly limit: unknown }[] = []
  const [from, to] = [{ provider: 'old' }, { provider: 'new', address }]
  const ports = { plan: { from, to }, limits: { perSource: 1, perTarget: 8, startsPerHour: 1, ...limits } }
  const step = {
    run: { move, services: { store: store() }, ports },
    settings: { from, to },
    facts: { ...noFacts, target: hasTarget ? { address: '192.0.2.1', privateAddress: null, id: 'i' } : null },
    signal,
    waitFor: async (text: string, details: Readonly<Record<string, unknown>> = {}) =>
      void (await Promise.resolve(told.push({ text, waitingFor: details['waitingFor'], limit: details['limit'] }))),
    say: async (text: string) => void (await Promise.resolve(told.push({ text, waitingFor: null, limit: null }))),
    restartDeadline: () => undefined,
  }
  return { told, step: step as unknown as Step }
}

const soon = { deadlineMs: 20_000, everyMs: 20, signal: AbortSignal.timeout(30_000) }
const until = async (what: string, isSo: () => boolean) => await waitUntil(async () => await Promise.resolve(isSo() ? true : null), { what, ...soon })

beforeEach(async () => void (await pool().query('truncate lifeboat.slot, lifeboat.move')))

test('of two moves from one source one copies, the other says what it waits for and copies after it, also when the first one fails', async () => {
  const [one, two] = [stepOf('web-1'), stepOf('web-2')]
  const fails = Promise.withResolvers<never>()
  const trace: string[] = []
  const first = whileFewCopy(one.step, async () => {
    trace.push('first')
    return await fails.promise
  })
  await until('The first copy', () => trace.length === 1)
  const second = whileFewCopy(two.step, async () => await Promise.resolve(trace.push('second')))
  await until('A word of the second', () => two.told.length > 0)
  assert.deepEqual(trace, ['first'])
  fails.reject(new Error('It broke.'))
  await assert.rejects(first, /It broke/)
  await second
  assert.deepEqual(trace, ['first', 'second'])
  const text = 'Waits for one of the 1 places of moves that copy from old at the same time (limits: perSource).'
  assert.deepEqual(two.told, [
    { text, waitingFor: 'slot', limit: 'source' },
    { text: 'It is its turn.', waitingFor: null, limit: null },
  ])
  assert.deepEqual(one.told, [])
})

test('a target that has to be made waits for the hour to pass, again for the same move it does not, nor where it exists already', async () => {
  await awaitStart(stepOf('web-1').step)
  await awaitStart(stepOf('web-1').step)
  for (const given of [{ address: '192.0.2.1' }, { hasTarget: true }]) await awaitStart(stepOf('web-2', given).step)
  const end = new AbortController()
  const late = stepOf('web-2', { signal: end.signal })
  const waiting = awaitStart(late.step)
  await until('A word', () => late.told.length > 0)
  assert.match(late.told[0]?.text ?? '', /one of the 1 places of moves that begin at new within an hour/)
  end.abort(new Error('Rolled back.'))
  await assert.rejects(waiting, /Rolled back/)
})

test('a pass gets its share of the link, and no limit where none is set', async () => {
  const shareOf = async (linkMbps?: number) =>
    await withShare(stepOf('web-1', { limits: { linkMbps, perSource: 4 } }).step, async (share) => await Promise.resolve(share))
  assert.equal(await shareOf(), null)
  assert.equal(await shareOf(500), 500)
  const sql = `insert into lifeboat.move (name, settings, plan, facts, config, state) values ($1, '{"from": {"provider": "old"}}', '{}', '{"lastPass": null}', '{}', 'running')`
  for (let index = 0; index < 9; index++) await pool().query(sql, [`web-${index}`])
  assert.equal(await shareOf(500), 125)
  const { rows } = await pool().query('select move from lifeboat.slot where held')
  assert.deepEqual(rows, [], 'it is left')
})

test('the time that a step waits for others does not count towards its deadline', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const stored = { facts: noFacts }
    const signals = { waits: async () => await Promise.resolve(false) }
    const services = { signals, store: { move: async () => await Promise.resolve(stored) }, journal: { append: async () => await Promise.resolve() } }
    const none = new AbortController().signal
    const run = { move: 'web-1', run: 1, want: 'migrate', services, stop: none, ports: {}, rollbackAsked: () => none } as unknown as Run
    const seen: boolean[] = []
    const result = await perform(run, 'check-source', async (step) => {
      // Its deadline is a minute.
      mock.timers.tick(50_000)
      step.restartDeadline()
      mock.timers.tick(50_000)
      seen.push(step.signal.aborted)
      mock.timers.tick(11_000)
      seen.push(step.signal.aborted)
      step.signal.throwIfAborted()
      return await Promise.resolve({ text: '' })
    })
    assert.deepEqual(seen, [false, true])
    assert.equal(result.state === 'failed' && result.code, 'timeout')
  } finally {
    mock.timers.reset()
  }
})
