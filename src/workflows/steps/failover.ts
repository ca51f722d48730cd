// The source is given up (runbook.md §6): whatever it does from now on must reach nobody, and only then the target serves. What
// the last complete pass did not carry over is lost, and that is said before.
import { codeOf, LifeboatError, messageOf } from '../../core/errors.ts'
import { completeAt, moveFactsSchema, type DecidedFailover, type MoveFacts } from '../../core/stored-move.ts'
import { formatDuration } from '../../core/units.ts'
import { tryDoors } from '../../nodes/fence/doors.ts'
import { fenceNode, readFence } from '../fencing.ts'
import { gateClosed, reach, tcpPortsOf, type Action, type Done, type Step } from '../run.ts'
import { untilServed } from './check-target.ts'
import { allMovers } from './movers.ts'
import { pairFrom, sideFrom } from './sides.ts'
import { fencingOf, unfence } from './unfence.ts'

const answerWithinMs = 3000
const leaseMs = 60_000

export const failover = {
  'decide-failover': async (step) => {
    const { services, move, run, rearm } = step.run
    const word = await services.signals.take(move, run, 'failover')
    rearm()
    const decided = word === null ? step.facts.decided : decidedBy(word)
    await step.learn({ decided })
    const refused = decided === null ? null : await refusalNow(step)
    // A standby that is not needed after all is kept in step as before.
    if (refused !== null) return { text: `Not failed over: ${refused}`, details: { ...word, refused, resumes: true } }
    const { lastPass } = step.facts
    if (lastPass === null) throw gateClosed(`${move} has no complete copy yet: there is nothing to fail over to.`)
    const hello = await (await reach(step, 'target')).call({ op: 'hello' }, step.signal)
    if (hello['role'] !== 'closed') throw gateClosed(`The target of ${move} is open already.`)
    const sourceAnswers = await answers(step)
    const complete = completeAt(lastPass)
    const text = sourceAnswers
      ? 'The source answers: the switch that loses nothing is tried first.'
      : `The source does not answer; the copy was complete ${ageOf(complete)} ago.`
    return { text, details: { ...decided, ...word, sourceAnswers, complete, ...(decided === null ? {} : { resumes: true }) } }
  },

  'fence-source': async (step) => {
    refuseWithoutGiver(step)
    await step.run.ports.refuseFailover('fence', { facts: step.facts, token: step.run.token })
    const said = await step.run.services.signals.take(step.run.move, step.run.run, 'is-off')
    if (said?.['side'] === 'source') return await fenced(step, 'person', `${String(said['who'])} said that the source is off.`)
    const { confirmed, text, rungs } = await fenceNode(fencingOf(step), step.signal, async (kind) => await noteOrder(step, kind))
    const [by, ...also] = rungs.filter(({ isFenced }) => isFenced).map(({ kind }) => kind)
    if (by === undefined) throw new LifeboatError('fence-unconfirmed', text)
    const done = await fenced(step, by, text, also)
    // It is off all the same: the undo lets it go.
    if (!confirmed) throw new LifeboatError('fence-unconfirmed', text)
    return done
  },

  'unfence-source': unfence,

  'confirm-fence': async (step) => ({ text: await stillFenced(step), details: { ...step.facts.fence } }),

  'measure-loss': async (step) => {
    const { lastPass } = step.facts
    if (lastPass === null) throw gateClosed('The target has no complete copy.')
    const complete = completeAt(lastPass)
    const { gaveAt } = lastPass
    const databases = await whatDatabasesHave(step)
    await step.learn({ failedOver: { at: new Date().toISOString(), complete, ...(gaveAt === undefined ? {} : { gaveAt }) } })
    const files = `The copy was complete at ${complete}: what was written on the source after that is lost (${ageOf(complete)} until now).`
    const more = databases.length === 0 ? '' : ' Databases are followed all the time, and lose what came after this:'
    return { text: `${files}${more}${databases.map(({ name, text }) => ` ${name} ${text}.`).join('')}`, details: { complete, databases } }
  },

  /** The helper of the target tells the source as soon as it hears of it, with or without a controller. */
  'write-tombstone': async (step) => {
    const hello = await (await reach(step, 'target')).call({ op: 'hello' }, step.signal)
    const text =
      hello['succeeding'] === 0 ? 'The source knows that it is over, and is closed.' : 'The source has not heard of it; the target tells it once it is there.'
    return { text, details: { succeeding: hello['succeeding'] } }
  },
} satisfies Record<string, Action>

function refuseWithoutGiver(step: Step): void {
  for (const { name, mover } of step.run.ports.movers)
    if (mover.needsGiver !== undefined) throw gateClosed(`${name} cannot be failed over: ${mover.needsGiver}. The source was not touched.`)
}

/** Nothing comes from the source any more, as it is fenced: what they take in now is all that there will be. */
async function whatDatabasesHave(step: Step) {
  const target = sideFrom('target', await reach(step, 'target'), step.run.token)
  const all = await allMovers(step, async (mover, name) => {
    if (mover.catchUp === undefined) return []
    const { text, details } = await mover.catchUp(target, step.signal)
    return [{ ...details, name, text }]
  })
  return all.flat()
}

/** Before it acts: whatever becomes of it then, the undo lifts it. */
async function noteOrder(step: Step, kind: MoveFacts['fenceOrdered'][number]): Promise<void> {
  const { fenceOrdered } = step.facts
  if (!fenceOrdered.includes(kind)) await step.learn({ fenceOrdered: [...fenceOrdered, kind] })
}

type FenceFact = NonNullable<MoveFacts['fence']>

async function fenced(step: Step, by: FenceFact['by'], text: string, also: FenceFact['also'] = []): Promise<Done> {
  await step.learn({ fence: { by, also, text, at: new Date().toISOString() } })
  return { text, details: { by } }
}

/** What a word that is the policy's, or an approval of what it proposed, has with it; null: a person began it by hand. */
function decidedBy(word: Readonly<Record<string, unknown>>): DecidedFailover | null {
  const known = moveFactsSchema.shape.decided.safeParse({ ...word, silentSince: word['silentSince'] ?? null })
  return known.success ? known.data : null
}

async function refusalNow(step: Step): Promise<string | null> {
  try {
    await step.run.ports.refuseFailover('fence', { facts: step.facts, token: step.run.token })
    return null
  } catch (error) {
    if (codeOf(error) !== 'gate-closed') throw error
    return messageOf(error)
  }
}

export async function answers(step: Step): Promise<boolean> {
  try {
    const link = await step.run.ports.link('source', step.facts)
    await link.call({ op: 'hello' }, AbortSignal.any([step.signal, AbortSignal.timeout(answerWithinMs)]))
    return true
  } catch {
    step.signal.throwIfAborted()
    return false
  }
}

/** Read back: somebody may have undone it meanwhile. A person's word stands for the fence, not for the address, which must be silent. */
async function stillFenced(step: Step): Promise<string> {
  const { fence } = step.facts
  if (fence === null) throw gateClosed('The source is not fenced.')
  if (fence.by !== 'person') {
    const { confirmed, text } = await readFence(fencingOf(step), step.signal)
    if (confirmed) return text
    throw new LifeboatError('fence-unconfirmed', text)
  }
  const { address, ssh } = step.settings.source
  const doors = await tryDoors(
    [...tcpPortsOf(step), ssh.port].map((port) => ({ address, port })),
    step.signal,
  )
  const open = doors.find(({ answer }) => answer === 'accepts')
  if (open === undefined) return `${address} is silent. ${fence.text}`
  throw new LifeboatError('fence-unconfirmed', `Port ${open.port} of the source, ${address}, still answers.`)
}

function ageOf(at: string): string {
  return formatDuration(Date.now() - Date.parse(at))
}

/** The fence, in place of a seal. It was read back in this walk; the target opens an attempt that no source takes part in. */
export async function promoteFenced(step: Step): Promise<Done> {
  const { fence, attempt: last } = step.facts
  if (fence === null) throw gateClosed('The source is not fenced.')
  await stillFenced(step)
  await step.run.ports.refuseFailover('promote', { facts: step.facts, token: step.run.token })
  const target = await reach(step, 'target')
  const hello = await target.call({ op: 'hello' }, step.signal)
  const attempt = hello['phase'] === 'promoted' ? last : 1 + Math.max(last, Number(hello['attempt'] ?? 0))
  // What ran on the source nobody can say any more: all of it is started.
  await step.learn({ attempt, seal: null, running: [...step.settings.services, ...step.settings.singletons] })
  const { token } = step.run
  const began = performance.now()
  await target.call({ op: 'open-attempt', token, attempt, part: 'receiver', leaseMs, budgetMs: leaseMs, holdLimitMs: 0, lastAttempt: last }, step.signal)
  const promotion = { op: 'promote', token, attempt, fence: { by: fence.by, token } }
  await target.call({ ...promotion, units: [] }, step.signal)
  const pair = await pairFrom(step, 'source', { attempt, silent: 'source' })
  await allMovers(step, async (mover) => await mover.promote(pair, step.signal))
  const answer = await target.call(promotion, step.signal)
  const startMs = Math.round(performance.now() - began)
  return { text: `The services of ${target.address} run, for checks only (${startMs} ms).`, details: { startMs, started: answer['started'], attempt } }
}

/** What the source passed and served when it was last asked must hold. */
export async function checkFenced(step: Step): Promise<Done> {
  return await untilServed(step, 'target', await reach(step, 'target'), step.signal)
}

export async function commitFenced(step: Step): Promise<Done> {
  const target = await reach(step, 'target')
  const { attempt } = step.facts
  await target.call({ op: 'commit', token: step.run.token, attempt }, step.signal)
  await step.learn({ serving: 'target', seal: null, stragglers: 0, cannotFollow: null, targetSilentSince: null, sourceAnswers: false })
  await target.call({ op: 'close-attempt', token: step.run.token, attempt }, step.signal)
  return { text: `${target.address} serves from now on.`, details: { attempt } }
}
