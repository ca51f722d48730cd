// What is done for movers of more than folder trees: those are open when their node is, and keep nothing running.
import { codeOf } from '../../core/errors.ts'
import type { SideName } from '../../core/stored-move.ts'
import type { Step } from '../run.ts'
import { pairFrom } from './sides.ts'

/** Whether something has to be promoted, turned round and released. */
export function movesMore(step: Step): boolean {
  return step.settings.data.some(({ kind }) => kind !== 'files')
}

/** Releases every mover, the side that serves first. The other one may be dead: then what is left there stays. */
export async function releaseMovers(step: Step, serving: SideName): Promise<void> {
  if (!movesMore(step)) return
  try {
    const pair = await pairFrom(step, serving)
    for (const { mover } of step.run.ports.movers) await mover.release(pair, step.signal)
  } catch (error) {
    step.signal.throwIfAborted()
    if (!['ssh-unreachable', 'timeout'].includes(codeOf(error))) throw error
    await step.say(`A side does not answer, so what the movers left there stays: ${error instanceof Error ? error.message : String(error)}`)
  }
}
