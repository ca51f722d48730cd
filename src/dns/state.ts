// What a name holds, compared with what it should hold. Pure.
import { LifeboatError } from '../core/errors.ts'
import { epochText } from './epoch.ts'
import { normaliseName, splitFamilies, type Addresses } from './names.ts'
import type { Epoch, NameState, Swap, Wanted } from './provider.ts'

/** The largest TTL that means anything (RFC 2181 §8). */
const longestTtl = 2 ** 31 - 1

/** The swap with everything in its one spelling. Refuses what no provider may do; see the contract. */
export function checkedSwap(swap: Swap): Swap {
  const name = normaliseName(swap.name)
  const wanted = { ...swap.wanted, ...checkedFamilies(name, swap.wanted) }
  const expected = { ...swap.expected, name, ...checkedFamilies(name, swap.expected) }
  const had = expected.a.length + expected.aaaa.length
  if (wanted.a.length + wanted.aaaa.length === 0 && had > 0) {
    throw new LifeboatError('names-unfit', `${name} has ${had} addresses and would be left with none.`)
  }
  if (!Number.isInteger(wanted.ttl) || wanted.ttl < 0 || wanted.ttl > longestTtl) {
    throw new LifeboatError('names-unfit', `A TTL of ${wanted.ttl} s for ${name} is not possible; the limit is ${longestTtl} s.`)
  }
  const { epoch } = expected
  if (epoch !== null && wanted.epoch.token < epoch.token) {
    throw new LifeboatError('token-stale', `${name} belongs to epoch ${epoch.token} of ${epoch.owner}; this execution has ${wanted.epoch.token}.`)
  }
  epochText(wanted.epoch)
  return { name, expected, wanted }
}

/** Whether both hold the same addresses; order and spelling do not matter. */
export function sameAddresses(one: Addresses, other: Addresses): boolean {
  const text = (value: Addresses) => Object.values(splitFamilies([...value.a, ...value.aaaa])).join(' ')
  return text(one) === text(other)
}

function sameEpoch(one: Epoch | null, other: Epoch | null): boolean {
  return one?.token === other?.token && one?.owner === other?.owner
}

/** Whether a name is what was expected: addresses and epoch, not the TTL. */
export function isExpected(found: NameState, expected: NameState): boolean {
  return sameAddresses(found, expected) && sameEpoch(found.epoch, expected.epoch)
}

/** Whether a name is what was wanted. A name without addresses has no TTL to compare. */
export function isWanted(found: NameState, wanted: Wanted): boolean {
  const ttl = found.ttl === null || found.ttl === wanted.ttl
  return ttl && sameAddresses(found, wanted) && sameEpoch(found.epoch, wanted.epoch)
}

/** A name's state as people read it. */
export function stateText(state: Addresses & { readonly ttl: number | null; readonly epoch: Epoch | null }): string {
  const addresses = [...state.a, ...state.aaaa]
  const points = addresses.length === 0 ? 'no address' : addresses.join(', ')
  const ttl = state.ttl === null ? '' : ` (TTL ${state.ttl} s)`
  return `${points}${ttl}${state.epoch === null ? '' : `, epoch ${state.epoch.token} of ${state.epoch.owner}`}`
}

/** The failure of a swap whose name is not as it was read. */
export function namesChanged(found: NameState, expected: NameState): LifeboatError {
  const sentence = `${found.name} was expected to have ${stateText({ ...expected, ttl: null })}; it has ${stateText({ ...found, ttl: null })}.`
  return new LifeboatError('names-changed', sentence, { details: { name: found.name, expected, found } })
}

function checkedFamilies(name: string, sets: Addresses): Addresses {
  const a = splitFamilies(sets.a)
  const aaaa = splitFamilies(sets.aaaa)
  if (a.aaaa.length > 0 || aaaa.a.length > 0) {
    throw new LifeboatError('defect', `An address of ${name} is in the set of the other family: ${[...a.aaaa, ...aaaa.a].join(', ')}.`)
  }
  return { a: a.a, aaaa: aaaa.aaaa }
}
