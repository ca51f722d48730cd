// Lifts the fence of a fail-over that did not come to its commit. The target must be closed: by its own word, by that of its
// provider, or of somebody who knows that it is off. Nothing else keeps the two sides apart.
import { LifeboatError, messageOf } from '../../core/errors.ts'
import { commitWasAsked, describeFencedAlone, openingReason, targetIsOff } from '../../core/sealed-alone.ts'
import { waitUntil } from '../../io/wait.ts'
import { liftFence, type Fencing } from '../fencing.ts'
import type { MoveFacts } from '../../core/stored-move.ts'
import { gateClosed, isSilence, reach, type Action, type Done, type Step } from '../run.ts'

const answerWithinMs = 5000
const unreadMs = 30_000
/** Of a source that was switched on again just now; within the deadline of the step. */
const bootWithinMs = 45_000

export function fencingOf(step: Step): Fencing {
  return step.run.ports.fencing(async () => ({ link: await reach(step, 'source'), token: step.run.token }))
}

export const unfence: Action = async (step) => {
  const { fence, attempt } = step.facts
  if (fence === null) return await liftUnread(step, step.facts.fenceOrdered)
  const { mayHaveTakenOver, why } = (await isClosedByItsWord(step)) ? { mayHaveTakenOver: false, why: '' } : await isKnownToBeOff(step)
  const lifted = fence.by === 'person' ? [] : [...(fence.also ?? []).toReversed(), fence.by]
  for (const kind of lifted) await liftFence(fencingOf(step), kind, step.signal)
  if (mayHaveTakenOver) await overrule(step, attempt)
  await step.learn({ fence: null, failedOver: null })
  const unread = step.facts.fenceOrdered.filter((kind) => !lifted.includes(kind))
  if (unread.length > 0) return { text: `${(await liftUnread(step, unread)).text}${why}` }
  await step.learn({ fenceOrdered: [] })
  return { text: `${fence.by === 'person' ? 'Nothing was done to the source.' : 'The source is as it was before it was fenced.'}${why}` }
}

/** What was told to act and never read back may have acted. A way that is dead must not keep the move: that is told, and tried again the next time. */
async function liftUnread(step: Step, ordered: MoveFacts['fenceOrdered']): Promise<Done> {
  if (ordered.length === 0) return { text: 'Nothing was done to the source.' }
  const stuck: { readonly kind: (typeof ordered)[number]; readonly why: string }[] = []
  for (const kind of ordered.toReversed()) {
    const failure = await liftFence({ ...fencingOf(step), rungMs: unreadMs }, kind, step.signal).then(() => null, messageOf)
    step.signal.throwIfAborted()
    if (failure !== null) stuck.push({ kind, why: failure })
  }
  await step.learn({ fenceOrdered: stuck.map(({ kind }) => kind) })
  if (stuck.length === 0) return { text: 'The source is as it was before it was to be fenced.' }
  const told = stuck.map(({ kind, why }) => `${kind}: ${why}`).join(' ')
  return { text: `Whether the source is as it was nobody can tell: a fence was ordered, and lifting it failed. ${told}` }
}

/** False: it does not answer. One that was promoted for checks, and not committed, is closed first. */
async function isClosedByItsWord(step: Step): Promise<boolean> {
  try {
    const target = await reach(step, 'target')
    const hello = await target.call({ op: 'hello' }, step.signal, answerWithinMs)
    if (hello['role'] !== 'closed') throw gateClosed('The target serves, so the source stays fenced.')
    if (hello['phase'] === 'promoted') await target.call({ op: 'demote', token: step.run.token, attempt: Number(hello['attempt']) }, step.signal)
    return true
  } catch (error) {
    step.signal.throwIfAborted()
    if (isSilence(error)) return false
    throw error
  }
}

/** Fails with other-side-silent where nobody who knows says so. */
async function isKnownToBeOff(step: Step): Promise<{ readonly mayHaveTakenOver: boolean; readonly why: string }> {
  const { services, move } = step.run
  const commitAsked = commitWasAsked(await services.journal.after(0, { move, limit: 1_000_000 }), 'fence-source')
  const word = await wordOf(step)
  const off = await step.run.ports.isOff('target', step.facts, step.signal)
  const reason = openingReason({ off, word: word !== null, commitAsked })
  const who = word === null ? '' : `${word.by} said at ${word.at} that the target is off`
  if (reason === 'fenced' || reason === 'person')
    return {
      mayHaveTakenOver: commitAsked,
      why: off === true ? ' The provider of the target says that it runs no more.' : ` ${who}; its provider cannot tell.`,
    }
  const refusal = reason === 'contradicted' ? ` ${who}, but its provider says that it runs: power it off there first.` : ''
  throw new LifeboatError('other-side-silent', `${describeFencedAlone(commitAsked)}${refusal}`, { details: { way: targetIsOff(move) } })
}

/** It counts for all tries of the run in which it was said. */
async function wordOf(step: Step): Promise<{ readonly by: string; readonly at: string } | null> {
  const { services, move, run } = step.run
  const said = await services.signals.take(move, run, 'is-off')
  const { fence } = step.facts
  if (said?.['side'] === 'target' && fence !== null)
    await step.learn({ fence: { ...fence, targetIsOff: { run, by: String(said['who']), at: String(said['at']) } } })
  const word = step.facts.fence?.targetIsOff
  return word?.run === run ? word : null
}

/** What the target may have decided counts no more; the helper of the source tells it once it is back. */
async function overrule(step: Step, attempt: number): Promise<void> {
  const tell = async () => {
    try {
      return await (await reach(step, 'source')).call({ op: 'unfence', token: step.run.token, overrule: attempt }, step.signal)
    } catch (error) {
      step.signal.throwIfAborted()
      if (isSilence(error)) return null
      throw error
    }
  }
  await waitUntil(tell, { what: 'An answer of the source, which was let go', deadlineMs: bootWithinMs, everyMs: 1000, signal: step.signal })
}
