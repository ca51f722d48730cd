// A source that was given up is taken back only closed, and written to only once what it alone has is kept aside.
import assert from 'node:assert/strict'
import test from 'node:test'
import { LifeboatError } from '../../src/core/errors.ts'
import { rollbackPrice } from '../../src/core/forecast.ts'
import { noFacts, type MoveFacts } from '../../src/core/stored-move.ts'
import type { Step } from '../../src/workflows/run.ts'
import { reprotection, sourceWantedBack } from '../../src/workflows/steps/reprotect.ts'

const failedOver = { at: '2026-03-01T10:00:00.000Z', complete: '2026-03-01T09:59:58.000Z', gaveAt: '2026-03-01T08:59:58.000Z' }

type Given = {
  readonly facts?: Partial<MoveFacts>
  /** Looks at the source before it is closed, once it answers; null: it never answers. */
  readonly closedAfter?: number | null
  /** Looks at both before the target has told it. */
  readonly toldAfter?: number
  readonly liftFails?: boolean
  /** By the word of its provider; null: it does not say. */
  readonly isOff?: boolean | null
  /** As its provider reads it back. */
  readonly isFenced?: boolean
  readonly salvages?: boolean
}

/** A step after a fail-over, between two sides. `done`: what was asked of fence, helpers and mover, in its order. */
function stepOf({ facts: more = {}, closedAfter = 0, toldAfter = 0, liftFails = false, isOff = true, isFenced = true, salvages = true }: Given = {}) {
  const done: string[] = []
  let facts: MoveFacts = { ...noFacts, serving: 'target', sourceAnswers: false, failedOver, ...more }
  let [answers, looks] = [more.fence?.by !== 'provider' && closedAfter !== null, 0]
  const call = (side: 'source' | 'target') => async (request: Readonly<Record<string, unknown>>) => {
    if (side === 'source' && !answers) throw new LifeboatError('ssh-unreachable', 'It is silent.')
    if (request['op'] !== 'hello') done.push(`${String(request['op'])} ${side}`)
    const role = side === 'target' || looks < (closedAfter ?? 0) ? 'open' : 'closed'
    const succeeding = looks < toldAfter ? 4 : 0
    if (side === 'target' && request['op'] === 'hello') looks++
    return await Promise.resolve({ role, succeeding, bootId: side, date: '2026-03-01T11:00:00.000Z' })
  }
  const unfence = async (): Promise<void> => {
    done.push('unfence')
    if (liftFails) throw new LifeboatError('source-unreachable', 'The provider is silent.')
    answers = await Promise.resolve(closedAfter !== null)
  }
  const fence = { fence: async () => '', isFenced: async () => await Promise.resolve(isFenced), unfence, close: async () => {} }
  const note = (what: string) => async (pair: { from: { name: string }; to: { name: string } }) =>
    void (await Promise.resolve(done.push(`${what} ${pair.from.name} to ${pair.to.name}`)))
  const pass = { movedBytes: 3, movedFiles: 1, remainingBytes: null, lagSeconds: 0, seconds: 0 }
  const mover = {
    reverse: note('reverse'),
    sync: async (pair: Parameters<ReturnType<typeof note>>[0], kind: string) => {
      await note(`sync ${kind}`)(pair)
      return pass
    },
    ...(salvages
      ? {
          salvage: async (pair: Parameters<ReturnType<typeof note>>[0], given: { since: string | null; label: string }) => {
            await note(`salvage ${given.since} ${given.label}`)(pair)
            return { count: 1, bytes: 4, items: [], place: '/srv/shop/.lifeboat-deleted/x', text: '1 file.' }
          },
        }
      : {}),
  }
  const signals = {
    take: async () => await Promise.resolve(void done.push('take')),
    waits: async (_move: string, _run: number, kind: string) => await Promise.resolve(kind === 'reprotect'),
  }
  const link = async (side: 'source' | 'target') =>
    await Promise.resolve({ address: side, call: call(side), run: async () => await Promise.resolve({ stdout: '' }) })
  const step = {
    run: {
      move: 'web-1',
      token: 9,
      claimed: new Set(['source', 'target']),
      services: { signals, identity: 'here', store: {} },
      ports: {
        link,
        limits: {},
        isOff: async () => await Promise.resolve(isOff),
        movers: [{ name: 'shop', mover }],
        fencing: () => ({
          rungs: [{ kind: 'provider', id: 'vm-1', open: async () => await Promise.resolve(fence) }],
          tryDoors: async () => await Promise.resolve([]),
          rungMs: 5000,
        }),
      },
    },
    settings: { source: { address: '192.0.2.10' }, reverseSync: true, data: [{ kind: 'files', name: 'shop' }] },
    signal: AbortSignal.timeout(30_000),
    say: async () => {},
    learn: async (learned: Partial<MoveFacts>) => void (facts = await Promise.resolve({ ...facts, ...learned })),
  }
  return { done, looks: () => looks, facts: () => facts, step: Object.defineProperty(step, 'facts', { get: () => facts }) as unknown as Step }
}

const { 'salvage-source': salvage, reprotect } = reprotection
const fencedBy = (by: 'provider' | 'ssh' | 'person') => ({ fence: { by, text: 'It is off.', at: failedOver.at } })
const salvaged = { failedOver: { ...failedOver, salvaged: { at: '2026-03-01T11:00:00.000Z' } } }

test('what waits while the target serves ends for it only where a source was given up', async () => {
  assert.deepEqual((await sourceWantedBack(stepOf().step))?.details, { reprotect: true })
  assert.equal(await sourceWantedBack(stepOf({ facts: { failedOver: null } }).step), null)
})

test('a source that does not answer, and that nothing of ours cuts off, is to be switched on by whoever cut it off', async () => {
  for (const by of ['ssh', 'person'] as const) {
    const { step, done } = stepOf({ facts: fencedBy(by), closedAfter: null })
    await assert.rejects(salvage(step), { code: 'ssh-unreachable', message: 'The source 192.0.2.10 does not answer yet; power it on, and say so again.' })
    assert.deepEqual(done, ['take'], 'the word was taken: another try needs another one')
  }
})

test('a fence that its provider does not lift ends it with the reason, before anything is written', async () => {
  const { step, done, facts } = stepOf({ facts: fencedBy('provider'), liftFails: true })
  await assert.rejects(salvage(step), { code: 'source-unreachable' })
  assert.deepEqual([done, facts().failedOver], [['take', 'unfence'], failedOver])
})

test('one that runs behind its fence would serve for a moment: it is to be powered off first', async () => {
  const { step, done } = stepOf({ facts: fencedBy('provider'), isOff: false })
  await assert.rejects(salvage(step), { code: 'gate-closed', message: /^The source 192\.0\.2\.10 runs behind its fence/ })
  assert.deepEqual(done, ['take'])
  await salvage(stepOf({ facts: fencedBy('provider'), isOff: null }).step)
  // An earlier try has lifted it.
  await salvage(stepOf({ facts: fencedBy('provider'), isOff: false, isFenced: false }).step)
})

test('it is waited for until it is closed, and until the target has told it', async () => {
  for (const given of [{ closedAfter: 1 }, { toldAfter: 1 }]) {
    const { step, looks } = stepOf(given)
    await salvage(step)
    assert.equal(looks(), 2, JSON.stringify(given))
  }
})

test('once its fence is lifted and it is closed it takes our token, then is salvaged', async () => {
  const { step, done, facts } = stepOf({ facts: fencedBy('provider') })
  await salvage(step)
  assert.deepEqual(done, ['take', 'unfence', 'claim source', `salvage ${failedOver.gaveAt} salvage-2026-03-01T10-00-00-000Z target to source`])
  assert.notEqual(facts().failedOver?.salvaged, undefined)
  assert.equal(rollbackPrice(facts()).possible, false)
})

test('what was kept aside is not looked for again: by then the source has what the target wrote', async () => {
  const { step, done } = stepOf({ facts: salvaged })
  await salvage(step)
  assert.deepEqual(done, ['take', 'claim source'])
})

test('data of which nobody knows what only the source has are left as they are', async () => {
  const { step, facts } = stepOf({ salvages: false })
  await assert.rejects(salvage(step), { code: 'gate-closed', message: /^shop: nobody knows what of it only the source has/ })
  await assert.rejects(reprotect(step), { code: 'gate-closed', message: /was not kept aside/ })
  assert.deepEqual(facts().failedOver, failedOver)
})

test('it follows: the direction turns, contents are compared, and only then there is a way home', async () => {
  const { step, done, facts } = stepOf({ facts: { ...salvaged, ...fencedBy('person') } })
  await reprotect(step)
  assert.deepEqual(done, ['claim source', 'record-start source', 'record-start target', 'reverse source to target', 'sync audit target to source'])
  assert.deepEqual([facts().failedOver, facts().fence, rollbackPrice(facts()).possible], [null, null, true])
})
