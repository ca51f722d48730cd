// Waiting, always with a deadline and a signal.
import { setTimeout as delay } from 'node:timers/promises'
import { LifeboatError } from '../core/errors.ts'

/** Waits so many milliseconds, or throws the signal's reason. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  try {
    await delay(ms, undefined, { signal })
  } catch {
    signal.throwIfAborted()
  }
}

export type Until = {
  /** Finishes the sentence "… did not happen within N s": what is waited for. */
  readonly what: string
  readonly deadlineMs: number
  readonly everyMs: number
  readonly signal: AbortSignal
}

/** Asks again and again until the answer is not null or undefined. Fails with `timeout`; errors of `ask` pass through. */
export async function waitUntil<T>(ask: () => Promise<T | null | undefined>, until: Until): Promise<T> {
  const end = performance.now() + until.deadlineMs
  for (;;) {
    until.signal.throwIfAborted()
    const answer = await ask()
    if (answer !== null && answer !== undefined) return answer
    if (performance.now() >= end) throw new LifeboatError('timeout', `${until.what} did not happen within ${until.deadlineMs / 1000} s.`)
    await sleep(until.everyMs, until.signal)
  }
}

/** Ends with `signal`, or after so many milliseconds with a `timeout` of this sentence. */
export function deadline(signal: AbortSignal, ms: number, sentence: string): AbortSignal {
  const over = new AbortController()
  setTimeout(() => over.abort(new LifeboatError('timeout', sentence)), ms).unref()
  return AbortSignal.any([signal, over.signal])
}

/** What was awaited, or the reason of an abort, whichever comes first; what was awaited goes on by itself. */
export async function orAbort<T>(awaited: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([awaited, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
