// Before the switch a node that boots or cannot be reached for a while only delays a move: its source serves as ever, and
// what is copied goes on once both sides answer again (runbook.md §3b).
import { messageOf } from '../../core/errors.ts'
import { sides } from '../../core/stored-move.ts'
import { sleep } from '../../io/wait.ts'
import { isSilence, reach, type Step } from '../run.ts'
import { tellOnce } from './waiting.ts'

/** Long enough for a provider's bad hour; a move that gave up goes on with `migrate`, too. */
const patienceMs = 3_600_000
const askAgainMs = 1000
const answerWithinMs = 5000
/** Breaks so short that both sides answer when they are asked. */
const mostBreaks = 5

/** Does it, and again if a side was silent meanwhile, once both answer. Fails as it failed after an hour of silence. */
export async function onceBothAnswer<Result>(step: Step, act: () => Promise<Result>): Promise<Result> {
  const tell = tellOnce(step)
  for (let breaks = 0; ;) {
    try {
      return await act()
    } catch (error) {
      const silence = await silenceBehind(step, error)
      if (silence === null || ++breaks > mostBreaks) throw error
      for (const end = performance.now() + patienceMs; (await silentSide(step)) !== null; breaks = 0) {
        if (performance.now() > end) throw error
        await tell(`${silence} It goes on once both sides answer.`, { waitingFor: 'node' })
        await sleep(askAgainMs, step.signal)
      }
    }
  }
}

/** In a sentence, if silence is what made it fail, whatever it said; null: something else did. */
export async function silenceBehind(step: Step, error: unknown): Promise<string | null> {
  step.signal.throwIfAborted()
  return isSilence(error) ? messageOf(error) : await silentSide(step)
}

/** Why a side does not answer; null: both do. */
async function silentSide(step: Step): Promise<string | null> {
  for (const side of sides) {
    try {
      await (await reach(step, side)).call({ op: 'hello' }, step.signal, answerWithinMs)
    } catch (error) {
      step.signal.throwIfAborted()
      if (isSilence(error)) return messageOf(error)
    }
  }
  return null
}
