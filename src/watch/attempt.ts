// One try of one rung, always with a deadline, even where what is tried cannot be told to stop.
import type { Sample } from '../core/evidence.ts'
import { messageOf } from '../core/errors.ts'
import { visible } from '../core/terminal.ts'

/** A sample before it is known who looked at whom. */
export type Try = Pick<Sample, 'at' | 'rung' | 'connection' | 'ms' | 'outcome' | 'text'>
export type Where = Pick<Try, 'rung' | 'connection'>

/** Fails the try for another reason than the node: it is then `unknown`. */
export class NotTried extends Error {}

/** A figure that says better than the clock how long it took: the median of several, or what a program measured itself. */
export type Measured<T> = { readonly value: T; readonly ms: number }

/**
 * Runs `act` for at most so many milliseconds. Answers what came of it as a try, and the value when it is ok. `signal`
 * ends everything: its reason is thrown.
 */
export async function attempt<T>(where: Where, deadlineMs: number, signal: AbortSignal, act: (signal: AbortSignal) => Promise<Measured<T> | T>) {
  signal.throwIfAborted()
  const at = new Date().toISOString()
  const began = performance.now()
  const stop = new AbortController()
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  stopped.catch(() => undefined)
  stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error), { once: true })
  const end = (): void => stop.abort(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  const timer = setTimeout(() => stop.abort(new Error(`no answer within ${deadlineMs / 1000} s`)), deadlineMs)
  const took = (): number => rounded(performance.now() - began)
  try {
    const answer = await Promise.race([act(stop.signal), stopped])
    const measured = isMeasured(answer) ? answer : { value: answer, ms: took() }
    return { tried: { ...where, at, ms: rounded(measured.ms), outcome: 'ok', text: '' } satisfies Try, value: measured.value }
  } catch (thrown) {
    stop.abort(thrown)
    signal.throwIfAborted()
    const text = told(thrown)
    if (thrown instanceof NotTried) return { tried: { ...where, at, ms: null, outcome: 'unknown', text } satisfies Try, value: null }
    return { tried: { ...where, at, ms: took(), outcome: 'fail', text } satisfies Try, value: null }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

export function notTried(where: Where, text: string): Try {
  return { ...where, at: new Date().toISOString(), ms: null, outcome: 'unknown', text }
}

function isMeasured<T>(answer: Measured<T> | T): answer is Measured<T> {
  return typeof answer === 'object' && answer !== null && 'value' in answer && 'ms' in answer
}

/** What others say is short and stands in one line. */
function told(thrown: unknown): string {
  return visible(messageOf(thrown)).slice(0, 300)
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}
