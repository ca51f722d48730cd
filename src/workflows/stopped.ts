// What becomes of an execution that must not act any more, or cannot write down what it did.
import type { LifeboatError } from '../core/errors.ts'
import { isJournalTrouble } from './journal-pool.ts'

export type Stoppable = {
  /** Aborts when this process must not act any more. */
  readonly stop: AbortSignal
  /** Somebody else has taken over, or nothing can be recorded: ends the process, without another word to anybody. */
  readonly onLost: (why: LifeboatError) => void
}

/**
 * What an execution throws that was stopped, or whose journal cannot be written, is recorded nowhere: whoever goes on finds
 * the step as it was left. The engine would keep it as the end of the run, as soon as it can write again.
 */
export async function unlessStopped<T>({ stop, onLost }: Stoppable, act: () => Promise<T>): Promise<T> {
  try {
    stop.throwIfAborted()
    return await act()
  } catch (error) {
    if (stop.aborted) return await never()
    if (!isJournalTrouble(error)) throw error
    onLost(error)
    return await never()
  }
}

export async function never(): Promise<never> {
  return await new Promise(() => undefined)
}
