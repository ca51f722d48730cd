// Approvals against a real PostgreSQL: each is for one plan and for one attempt, and has its day.
import assert from 'node:assert/strict'
import test, { beforeEach } from 'node:test'
import { tellMove, type Parts } from '../../src/app/moves.ts'
import { noFacts, type MoveFacts } from '../../src/core/stored-move.ts'
import { openJournal } from '../../src/workflows/journal.ts'
import type { Step } from '../../src/workflows/run.ts'
import { openSignals } from '../../src/workflows/signals.ts'
import { awaitApproval } from '../../src/workflows/steps/await-approval.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { ownStore } from '../support/own-store.ts'
import { plannedOf, settingsOf } from '../support/stored.ts'

const fingerprint = 'b1946ac92492d234'
const { pool, store } = ownStore('approving')
let parts: Parts

beforeEach(() => {
  const durable = { start: async () => await Promise.reject(new Error('nothing begins here')), shutdown: async () => undefined }
  parts = { store: store(), journal: openJournal(pool()), signals: openSignals(pool()), durable }
})

/** A move that runs and waits for its approval. */
async function begin(name: string, plan: string | null = fingerprint): Promise<void> {
  await parts.store.beginRun(settingsOf(name, plan), plannedOf(name), { text: '', baseFolder: '' })
  await parts.journal.append({ move: name, run: 1, step: 'await-approval', state: 'started', text: '' })
}

const tell = async (name: string, kind: 'approve' | 'pause', digest: string | null = null) => await tellMove(parts, name, kind, { digest, who: 'ops@desk' })
const isLater = { code: 'not-now' }

test('a digest must be that of the plan which the run was begun with; else nothing is approved', async () => {
  await begin('digest')
  await begin('older', null)
  await assert.rejects(tell('digest', 'approve', 'ffffffffffffffff'), {
    code: 'plan-changed',
    message: `digest was begun with the plan ${fingerprint}; it is not ffffffffffffffff.`,
    details: { fingerprint },
  })
  await assert.rejects(tell('older', 'approve', fingerprint), { code: 'plan-changed' })
  assert.equal(await parts.signals.waits('digest', 1, 'approve'), false)
  await tell('digest', 'approve', fingerprint)
  const said = await parts.signals.take('digest', 1, 'approve')
  assert.deepEqual({ ...said, at: '' }, { by: 'approve', who: 'ops@desk', at: '', digest: fingerprint, plan: fingerprint })
})

test('a second approval is refused while the first one waits, waits for its time, or is used', async () => {
  await begin('twice')
  await tell('twice', 'approve')
  await assert.rejects(tell('twice', 'approve'), isLater)
  await parts.signals.take('twice', 1, 'approve')
  await parts.store.learn('twice', { approved: { run: 1, text: 'Approved.', details: {} } }, 0)
  await assert.rejects(tell('twice', 'approve'), isLater)
  await parts.store.learn('twice', { approved: null }, 0)
  for (const [step, state] of [
    ['await-approval', 'done'],
    ['check-ready', 'started'],
    ['commit-switch', 'done'],
  ] as const) {
    await parts.journal.append({ move: 'twice', run: 1, step, state, text: '' })
    await assert.rejects(tell('twice', 'approve'), isLater)
  }
  await parts.journal.append({ move: 'twice', run: 1, step: 'attempt', state: 'undone', text: '' })
  await tell('twice', 'approve')
  await parts.store.learn('twice', { serving: 'target' }, 0)
  await assert.rejects(tell('twice', 'approve'), isLater)
})

test('two that are said in the same moment count for one question', async () => {
  await begin('both')
  for (let times = 0; times < 2; times++) await parts.signals.send('both', 1, 'approve', { times })
  assert.deepEqual(await parts.signals.take('both', 1, 'approve'), { times: 1 })
  assert.equal(await parts.signals.take('both', 1, 'approve'), null)
})

test('a pause takes back what nobody has looked at yet; the approval after it ends the pause, wherever the move is', async () => {
  await begin('paused')
  await tell('paused', 'approve')
  await tell('paused', 'pause')
  assert.equal(await parts.signals.waits('paused', 1, 'approve'), false)
  await parts.journal.append({ move: 'paused', run: 1, step: 'freeze-source', state: 'started', text: '' })
  await tell('paused', 'approve')
  await assert.rejects(tell('paused', 'approve'), isLater)
})

/** The step as it runs, with nothing to copy and nobody to reach. */
function stepOf(name: string, approved: MoveFacts['approved'] = null, after: readonly string[] = []): Step {
  let facts: MoveFacts = { ...noFacts, approved }
  const write =
    (state: 'progress' | 'waiting') =>
    async (text: string, details: Readonly<Record<string, unknown>> = {}) =>
      void (await parts.journal.append({ move: name, run: 1, step: 'await-approval', state, text, details }))
  const link = { address: '192.0.2.10', call: async () => await Promise.resolve({ bootId: 'one' }) }
  const limits = { perSource: 4, perTarget: 8, startsPerHour: 20 }
  const ports = { settings: settingsOf(name, fingerprint), plan: plannedOf(name, after), limits, movers: [], link: async () => await Promise.resolve(link) }
  const run = { move: name, run: 1, token: 1, approval: 'person', ports, services: parts, claimed: new Set(['source', 'target']) }
  const learn = async (more: Partial<MoveFacts>) => void (facts = await Promise.resolve({ ...facts, ...more }))
  const step = { run, settings: ports.settings, signal: AbortSignal.timeout(20_000), say: write('progress'), waitFor: write('waiting'), learn }
  return Object.defineProperty(step, 'facts', { get: () => facts }) as unknown as Step
}

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
const recordOf = async (name: string, matches: RegExp) => {
  const look = async () => (await parts.journal.after(0, { move: name })).find(({ text }) => matches.test(text)) ?? null
  return await waitUntil(look, { what: `A record like ${matches}`, deadlineMs: 10_000, everyMs: 20, signal: new AbortController().signal })
}

test('an approval is told with who gave it, when, for which plan', async () => {
  await begin('told')
  await tell('told', 'approve', fingerprint)
  const { text, details } = await awaitApproval(stepOf('told'))
  assert.equal(text, 'Approved.')
  assert.deepEqual({ ...details, at: '', opensAt: '' }, { by: 'approve', who: 'ops@desk', at: '', digest: fingerprint, plan: fingerprint, opensAt: '' })
})

test('one that was said a day before it is looked at is told to count no more, and another one is asked for', async () => {
  await begin('early')
  const at = hoursAgo(25)
  await parts.signals.send('early', 1, 'approve', { by: 'approve', who: 'ops@desk', at, digest: null, plan: fingerprint })
  const approving = awaitApproval(stepOf('early'))
  assert.deepEqual((await recordOf('early', /was not used within 24 h/)).text, `The approval of ${at} was not used within 24 h and counts no more.`)
  assert.deepEqual((await recordOf('early', /^Waiting for approval/)).details['plan'], fingerprint)
  await tell('early', 'approve')
  assert.notEqual((await approving).details?.['at'], at)
})

test('so is one whose time came and went without a switch', async () => {
  await begin('missed')
  const details = { by: 'approve', who: 'ops@desk', at: hoursAgo(100), digest: null, plan: fingerprint, opensAt: hoursAgo(30) }
  const approving = awaitApproval(stepOf('missed', { run: 1, text: 'Approved.', details }))
  await recordOf('missed', /was not used within 24 h/)
  await recordOf('missed', /^Waiting for approval/)
  await tell('missed', 'approve')
  assert.equal((await approving).text, 'Approved.')
  const still = { ...details, opensAt: hoursAgo(23) }
  assert.deepEqual((await awaitApproval(stepOf('missed', { run: 1, text: 'Approved.', details: still }))).details, still)
})

test('an approved move waits for what it comes after, tells whom and why, and is not approved anew', async () => {
  const details = { by: 'approve', who: 'ops@desk', at: hoursAgo(1), digest: null, plan: fingerprint, opensAt: hoursAgo(1) }
  const approving = awaitApproval(stepOf('client', { run: 1, text: 'Approved.', details }, ['base']))
  const never = await recordOf('client', /waits for base, which was not begun: migrate base, or take it out of `after:`/)
  assert.deepEqual([never.state, never.details['waitingFor'], never.details['cause'], never.details['state']], ['waiting', 'after', 'base', 'not-begun'])
  await begin('base')
  await recordOf('client', /^Approved; waits until base is switched\. /)
  await parts.store.learn('base', { serving: 'target' }, 0)
  assert.deepEqual((await approving).details, details)
})
