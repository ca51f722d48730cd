// What clients are still told after a switch: caches between them and the authorities keep the old answer for its time
// to live, and some of them for longer.
import { resolveAddresses } from '../io/resolver.ts'
import { parseEndpoint } from './nameservers.ts'
import type { NameState } from './provider.ts'

/** A cache that needs longer says nothing in this look; the next one asks it again. */
const answerWithinMs = 2000

/**
 * Asks every cache for every name at once: how many answers came, and how many of them hold an address that no authority
 * tells any more (`states` are what they tell). `caches`: addresses, with or without a port; empty: the resolver of this
 * machine. One that is silent or refuses does not count; null: all are.
 */
export async function askCaches(
  states: readonly NameState[],
  caches: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly asked: number; readonly stale: number } | null> {
  const whom = caches.length === 0 ? [null] : caches.map(parseEndpoint)
  const questions = whom.flatMap((resolver) => states.map((state) => ({ resolver, state })))
  const answers = await Promise.all(
    questions.map(async ({ resolver, state }) => {
      try {
        const addresses = await resolveAddresses(state.name, { resolver, deadlineMs: answerWithinMs, signal })
        return { isStale: addresses.some((address) => ![...state.a, ...state.aaaa].includes(address)) }
      } catch {
        signal.throwIfAborted()
        return null
      }
    }),
  )
  const came = answers.filter((answer) => answer !== null)
  return came.length === 0 ? null : { asked: came.length, stale: came.filter(({ isStale }) => isStale).length }
}
