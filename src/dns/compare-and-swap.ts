// The frame of a swap, the same wherever a zone can refuse a whole change: look, write what must hold and what shall, and
// look again when the write failed, for only the zone itself knows whether it was made.
import { codeOf, LifeboatError } from '../core/errors.ts'
import { isWithin, normaliseName } from './names.ts'
import type { NameState, Swap, Wanted } from './provider.ts'
import { checkedSwap, isExpected, isWanted, namesChanged } from './state.ts'

/** A state, and whether the A and the AAAA set have one TTL. */
export type Found = { readonly state: NameState; readonly oneTtl: boolean }

/** What was found at a name, and what it is to hold. */
export type Change<F extends Found = Found> = { readonly from: F; readonly to: Wanted }

export type Zone<F extends Found> = {
  /** Normalised. */
  readonly name: string
  /** In the order of the names; refuses names that a swap could not move. */
  readonly look: (names: readonly string[], signal: AbortSignal) => Promise<readonly F[]>
  /** Makes all changes in one transaction, or fails with names-changed when one name is not as it was found, or another code. */
  readonly write: (changes: readonly Change<F>[], signal: AbortSignal) => Promise<void>
}

/** DnsProvider.swap for such a zone. */
export async function swapAll<F extends Found>(zone: Zone<F>, given: readonly Swap[], signal: AbortSignal): Promise<void> {
  const swaps = given.map(checkedSwap)
  const names = namesInZone(
    zone.name,
    swaps.map(({ name }) => name),
  )
  if (new Set(names).size < names.length) throw new LifeboatError('defect', `One transaction cannot swap a name twice: ${names.join(', ')}.`)
  const before = await zone.look(names, signal)
  if (allWanted(swaps, before)) return
  const changes = changesOf(swaps, before)
  try {
    await zone.write(changes, signal)
  } catch (error) {
    signal.throwIfAborted()
    const after = await zone.look(names, signal).catch((reason: unknown) => {
      // What became of the name explains the failure; that nobody could look does not.
      throw ['names-unfit', 'names-changed'].includes(codeOf(reason)) ? reason : error
    })
    if (allWanted(swaps, after)) return
    changesOf(swaps, after)
    throw error
  }
}

/** The names in their one spelling; names-unfit for one outside of the zone. */
export function namesInZone(zone: string, names: readonly string[]): string[] {
  return names.map((text) => {
    const name = normaliseName(text)
    if (!isWithin(zone, name)) throw new LifeboatError('names-unfit', `${name} is not in the zone ${zone}.`)
    return name
  })
}

/** One change a swap, from what was found; fails with names-changed for a name that is neither as expected nor as wanted. */
function changesOf<F extends Found>(swaps: readonly Swap[], found: readonly F[]): Change<F>[] {
  return swaps.map((swap, at) => {
    const from = found[at]
    if (from === undefined) throw new LifeboatError('defect', `Nothing was found out about ${swap.name}.`)
    if (!isExpected(from.state, swap.expected) && !isWanted(from.state, swap.wanted)) throw namesChanged(from.state, swap.expected)
    return { from, to: swap.wanted }
  })
}

function allWanted(swaps: readonly Swap[], found: readonly Found[]): boolean {
  return swaps.every((swap, at) => {
    const one = found[at]
    return one !== undefined && one.oneTtl && isWanted(one.state, swap.wanted)
  })
}
