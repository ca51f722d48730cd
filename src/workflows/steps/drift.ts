// Whether the target is still what was declared: traffic is not sent to a machine that somebody has changed meanwhile.
import { LifeboatError, codeOf } from '../../core/errors.ts'
import type { Ports } from '../ports.ts'
import type { Step } from '../run.ts'

/** Leaves the rest of its step's minute to the other checks. */
const askForMs = 20_000

/**
 * Fails with gate-closed when something differs. A cloud that does not answer is told and no reason to wait: the target
 * itself answers over ssh, and a provider's API may be down for longer than anybody wants to stay at the old one.
 */
export async function refuseDrift(step: Pick<Step, 'say' | 'signal'>, drift: Ports['drift'], withinMs = askForMs): Promise<void> {
  const late = new LifeboatError('timeout', `The provider did not answer within ${withinMs / 1000} s.`)
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(late), withinMs)
  try {
    const [first, ...others] = await drift(AbortSignal.any([step.signal, limit.signal]))
    if (first === undefined) return
    const more = others.length === 0 ? '' : `, and ${others.length} more`
    throw new LifeboatError('gate-closed', `The target is not as it was declared: ${first} was changed by somebody else${more}.`, {
      details: { resources: [first, ...others] },
    })
  } catch (error) {
    step.signal.throwIfAborted()
    if (!(error instanceof LifeboatError) || codeOf(error) === 'gate-closed') throw error
    await step.say(`Whether the target is still as it was declared is not known: ${error.message}`)
  } finally {
    clearTimeout(timer)
  }
}
