// What was ordered has to show: an order that was taken is not yet one that was carried out.
import { codeOf, LifeboatError } from '../core/errors.ts'
import { waitUntil } from '../io/wait.ts'

const readBackMs = 60_000
const everyMs = 500

/** Looks again and again. Answers false when it does not show within so many milliseconds. */
export async function shows(look: () => Promise<boolean>, deadlineMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    return await waitUntil(async () => (await look()) || null, { what: 'What was ordered', deadlineMs, everyMs, signal })
  } catch (error) {
    if (codeOf(error) === 'timeout') return false
    throw error
  }
}

/** What was ordered: `act` finishes the sentence "… took the order to". */
export type Ordered = { readonly service: string; readonly act: string; readonly signal: AbortSignal }

/** Waits until it shows. Fails with source-refused when it does not within 60 s, or another time. */
export async function readBack({ service, act, signal }: Ordered, look: () => Promise<boolean>, withinMs = readBackMs): Promise<void> {
  if (await shows(look, withinMs, signal)) return
  throw new LifeboatError('source-refused', `${service} took the order to ${act}, but that did not show within ${withinMs / 1000} s.`)
}
