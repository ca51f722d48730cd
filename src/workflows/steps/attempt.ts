// The attempt that a step of the switch belongs to: its number, both sides, and the lease that is kept for as long as it runs.
import type { Link } from '../../nodes/link.ts'
import { keepLease, saysOver } from '../lease.ts'
import { reach, type Step } from '../run.ts'
import { meetOthers } from './shared-freeze.ts'
import type { Direction } from './sides.ts'

/** The attempt of the facts, with its lease kept until it is `lost`; a giver that has ended it alone says so before anything else is done. */
export async function duringAttempt(step: Step, way: Direction): Promise<{ giver: Link; receiver: Link; attempt: number; lost: AbortSignal }> {
  const { giver, receiver, attempt } = await attemptOf(step, way)
  await giver.call({ op: 'renew', token: step.run.token, attempt }, step.signal, 2000).catch((error: unknown) => {
    step.signal.throwIfAborted()
    // A giver that is silent need not stop a promotion; what needs its answer asks it again.
    if (saysOver(error)) throw error
  })
  const { lost } = keepLease(step.run.move, attempt, step.run.token, [giver, receiver])
  lost.throwIfAborted()
  await meetOthers(step, step.name, lost)
  return { giver, receiver, attempt, lost }
}

export async function attemptOf(step: Step, way: Direction): Promise<{ giver: Link; receiver: Link; attempt: number }> {
  return { giver: await reach(step, way.giver), receiver: await reach(step, way.receiver), attempt: step.facts.attempt }
}
