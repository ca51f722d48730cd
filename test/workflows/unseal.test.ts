// The undo of a seal, with a helper that answers what a test wants: however long the other side is silent, the sealed one
// opens on a verdict, on what a provider says, or on somebody's word.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { LifeboatError } from '../../src/core/errors.ts'
import { noFacts, type MoveFacts } from '../../src/core/stored-move.ts'
import type { Request } from '../../src/nodes/channel.ts'
import { openJournal } from '../../src/workflows/journal.ts'
import type { Step } from '../../src/workflows/run.ts'
import { openSignals } from '../../src/workflows/signals.ts'
import { back, forth } from '../../src/workflows/steps/sides.ts'
import { unseal } from '../../src/workflows/steps/unseal.ts'
import { ownStore } from '../support/own-store.ts'

const { pool } = ownStore('unseal')

type World = {
  readonly name: string
  /** What its provider says of the silent side. */
  off: boolean | null
  /** How often the other side keeps silent before it answers. */
  silences: number
  verdict: 'void' | 'committed'
  /** The sealed side does not answer either, so often. */
  lost: number
  facts: MoveFacts
  readonly waits: string[]
  readonly reasons: string[]
  closed: number
}

function worldOf(t: TestContext, given: Partial<World> = {}): World {
  const facts: MoveFacts = { ...noFacts, attempt: 3, seal: { attempt: 3 } }
  return { name: t.name.slice(0, 60), off: null, silences: Infinity, verdict: 'void', lost: 0, facts, waits: [], reasons: [], closed: 0, ...given }
}

const services = () => ({ journal: openJournal(pool()), signals: openSignals(pool()) })

function stepOf(world: World): Step {
  const call = async ({ op, reason }: Request) => {
    await Promise.resolve()
    if (world.lost-- > 0) throw new LifeboatError('ssh-unreachable', 'The line ended.')
    if (op === 'hello') return { phase: 'sealed', role: 'closed' }
    if (reason === 'void' && world.silences-- > 0) throw new LifeboatError('node-failed', 'the peer does not answer')
    if (reason === 'void' && world.verdict === 'committed') throw new LifeboatError('gate-closed', 'committed', { details: { value: 'committed' } })
    world.reasons.push(String(reason))
    return {}
  }
  const link = { address: '192.0.2.10', call, close: async () => void (await Promise.resolve(world.closed++)) }
  const ports = { isOff: async () => await Promise.resolve(world.off), link: async () => await Promise.resolve(link) }
  const run = { move: world.name, run: 1, token: 5, ports, services: services(), claimed: new Set(['source', 'target']) }
  const learn = async (more: Partial<MoveFacts>) => void (world.facts = await Promise.resolve({ ...world.facts, ...more }))
  const waitFor = async (text: string) => void (await Promise.resolve(world.waits.push(text)))
  return Object.defineProperty({ run, signal: AbortSignal.timeout(30_000), learn, waitFor }, 'facts', { get: () => world.facts }) as unknown as Step
}

const say = async ({ name }: World, side: 'source' | 'target') =>
  await services().signals.send(name, 1, 'is-off', { by: 'rollback', who: 'ops@desk', at: '2026-11-27T03:15:00.000Z', side })
const askedToCommit = async ({ name }: World) => {
  for (const step of ['hold-clients', 'commit-switch']) await services().journal.append({ move: name, run: 1, step, state: 'started', text: '' })
}

test('the other side answers after a while: it opens on that, and what was the matter was told once', async (t) => {
  const world = worldOf(t, { silences: 2 })
  assert.match((await unseal(stepOf(world), forth)).text, /is open again: attempt 3 is void/)
  assert.deepEqual(world.reasons, ['void'])
  assert.equal(world.waits.length, 1)
  assert.deepEqual([world.facts.seal, world.facts.sealedAlone], [null, null])
})

test('one that answers at once is never told to be alone', async (t) => {
  const world = worldOf(t, { silences: 0 })
  await unseal(stepOf(world), forth)
  assert.deepEqual(world.waits, [])
})

test('a provider that says that it is off is enough where nothing was committed', async (t) => {
  const world = worldOf(t, { off: true })
  const { text, details } = await unseal(stepOf(world), forth)
  assert.deepEqual([world.reasons, world.waits], [['fenced'], []])
  assert.match(text, /the provider of the target says that it runs no more/)
  assert.deepEqual(details, { reason: 'fenced', attempt: 3, who: null, at: null })
})

test('one that was asked to commit is not overruled by a machine alone, but by a word beside it', async (t) => {
  const world = worldOf(t, { off: true })
  await askedToCommit(world)
  const opened = unseal(stepOf(world), forth)
  while (world.waits.length === 0) await new Promise((resolve) => void setTimeout(resolve, 20))
  assert.match(world.waits[0] ?? '', /was asked to take over, and may have done so/)
  assert.deepEqual(world.reasons, [])
  await say(world, 'target')
  const { text, details } = await opened
  assert.match(text, /ops@desk said at 2026-11-27T03:15:00\.000Z that the target is off; the provider says that it runs no more/)
  assert.deepEqual(details, { reason: 'fenced', attempt: 3, who: 'ops@desk', at: '2026-11-27T03:15:00.000Z' })
})

test("where no provider can tell, somebody's word opens it; nothing that was asked of the silent side reaches it later", async (t) => {
  const world = worldOf(t)
  await say(world, 'target')
  assert.equal((await unseal(stepOf(world), forth)).details?.['reason'], 'person')
  assert.deepEqual([world.reasons, world.closed], [['person'], 1])
})

test('a word on the side that is sealed itself opens nothing', async (t) => {
  const world = worldOf(t, { silences: 1 })
  await say(world, 'source')
  await unseal(stepOf(world), forth)
  assert.deepEqual(world.reasons, ['void'])
})

test('a word that the provider contradicts opens nothing, and that is told', async (t) => {
  const world = worldOf(t, { off: false, silences: 2 })
  await say(world, 'target')
  await unseal(stepOf(world), forth)
  assert.deepEqual(world.reasons, ['void'])
  assert.match(world.waits[0] ?? '', /ops@desk said that the target is off, but its provider says that it runs: power it off there first\.$/)
})

test('one that had committed is given way to, on the way back too', async (t) => {
  for (const [way, serving] of [
    [forth, 'target'],
    [back, 'source'],
  ] as const) {
    const world = worldOf(t, { silences: 1, verdict: 'committed', facts: { ...noFacts, serving: way.giver, attempt: 3, seal: { attempt: 3 } } })
    await unseal(stepOf(world), way)
    assert.deepEqual([world.facts.serving, world.facts.seal, world.facts.sealedAlone], [serving, null, null])
  }
})

test('once it is known to be alone, a sealed side that does not answer for a while is waited for; before that it fails', async (t) => {
  const since = '2026-11-27T03:12:00.000Z'
  const alone = { side: 'source', since, commitAsked: false } as const
  const world = worldOf(t, { lost: 2, silences: 0, facts: { ...noFacts, attempt: 3, seal: { attempt: 3 }, sealedAlone: alone } })
  await unseal(stepOf(world), forth)
  assert.match(world.waits[0] ?? '', new RegExp(`since ${since}`), 'and since when is kept')
  await assert.rejects(unseal(stepOf(worldOf(t, { lost: 1 })), forth), { code: 'ssh-unreachable' })
})
