// After a swap every authority must tell the same: a secondary that is behind still sends clients to the old address.
import { codeOf } from '../core/errors.ts'
import { endpointText } from '../io/dns-wire.ts'
import type { Authority, DnsProvider, NameState, Swap } from './provider.ts'
import { isWanted, stateText } from './state.ts'

/** One authority that does not tell what is wanted; `found` is null when it did not answer. */
export type Disagreement = {
  readonly authority: Authority
  readonly name: string
  readonly found: NameState | null
  /** A sentence for the operator. */
  readonly text: string
}

/** A swap, or as much of it as counts afterwards. */
export type WantedName = Pick<Swap, 'name' | 'wanted'>

/**
 * Asks every authority of the names at once, and answers where one does not tell what is wanted (addresses, and
 * TTL and epoch where the provider keeps one); empty: all agree. An authority that is silent or refuses disagrees. Fails
 * only when the authorities themselves cannot be found.
 */
export async function disagreements(provider: DnsProvider, wanted: readonly WantedName[], signal: AbortSignal): Promise<readonly Disagreement[]> {
  const names = wanted.map(({ name }) => name)
  const authorities = await provider.authorities(names, signal)
  const all = await Promise.all(authorities.map((authority) => disagreementsAt(provider, authority, wanted, signal)))
  return all.flat()
}

async function disagreementsAt(provider: DnsProvider, authority: Authority, wanted: readonly WantedName[], signal: AbortSignal): Promise<Disagreement[]> {
  const where = endpointText(authority)
  try {
    const names = wanted.map(({ name }) => name)
    const found = await provider.readAt(authority, names, signal)
    return wanted.flatMap(({ name, wanted: one }, at) => {
      const state = found[at]
      // A person's change has no epoch, and the TTL that their control panel allows.
      const seen = state === undefined || provider.keepsEpoch ? state : { ...state, ttl: one.ttl, epoch: one.epoch }
      if (state === undefined || seen === undefined || isWanted(seen, one)) return []
      return [{ authority, name, found: state, text: `${where} tells ${stateText(state)} for ${name}.` }]
    })
  } catch (error) {
    signal.throwIfAborted()
    if (codeOf(error) === 'defect' || !(error instanceof Error)) throw error
    return wanted.map(({ name }) => ({ authority, name, found: null, text: error.message }))
  }
}
