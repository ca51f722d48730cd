// Pure rules about names and the addresses in them.
import { domainToASCII } from 'node:url'
import { LifeboatError } from '../core/errors.ts'
import { canonicalAddress } from './address.ts'
import { epochName } from './epoch.ts'
import type { NameState } from './provider.ts'
import { lowerName, nameBytes } from './wire-name.ts'

export type Addresses = { readonly a: readonly string[]; readonly aaaa: readonly string[] }

/**
 * The one spelling of a name that a person wrote: lower case, no last dot, letters outside ASCII as `xn--`. Fails with
 * names-unfit when it is no host name, is a wildcard, or leaves no room for its epoch record.
 */
export function normaliseName(text: string): string {
  const trimmed = text.endsWith('.') && text !== '.' ? text.slice(0, -1) : text
  const name = lowerName(/^\p{ASCII}*$/u.test(trimmed) ? trimmed : domainToASCII(trimmed))
  if (name.split('.').includes('*')) throw new LifeboatError('names-unfit', `${text} is a wildcard: it stands for many names, and a move switches single ones.`)
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)) throw new LifeboatError('names-unfit', `${JSON.stringify(text)} is not a host name.`)
  nameBytes(epochName(name))
  return name
}

/** Whether a name is the zone's own or below it. Both normalised. */
export function isWithin(zone: string, name: string): boolean {
  return name === zone || name.endsWith(`.${zone}`)
}

/** The names of the wildcards that could answer for a name: one for each level between it and the zone. */
export function wildcardsOver(name: string, zone: string): string[] {
  if (!isWithin(zone, name) || name === zone) return []
  const parent = name.slice(name.indexOf('.') + 1)
  return [`*.${parent}`, ...wildcardsOver(parent, zone)]
}

/** Parts addresses by family, in their shortest form, sorted, each once. A text that is no address fails with names-unfit. */
export function splitFamilies(addresses: readonly string[]): Addresses {
  const all = [...new Set(addresses.map(canonical))].sort()
  return { a: all.filter((one) => !one.includes(':')), aaaa: all.filter((one) => one.includes(':')) }
}

/**
 * The sets of a name after one node's own addresses were replaced; addresses of other nodes stay. `mine` is what the
 * node has now, `theirs` exactly what its clients shall be given. When `mine` is gone and `theirs` is there the answer
 * is the state itself, so asking twice is fine. Fails with names-unfit when the name has nothing of this node, or would
 * be left without any address.
 */
export function replaceAddresses(state: NameState, mine: readonly string[], theirs: readonly string[]): Addresses {
  const own = new Set([...splitFamilies(mine).a, ...splitFamilies(mine).aaaa])
  const next = splitFamilies(theirs)
  const now = [...state.a, ...state.aaaa]
  const arrived = new Set([...next.a, ...next.aaaa])
  if (!now.some((one) => own.has(one) || arrived.has(one))) {
    const found = now.length === 0 ? 'has no address' : `points to ${now.join(', ')}`
    throw new LifeboatError('names-unfit', `${state.name} ${found}; none of it belongs to this node (${[...own].join(', ')}).`)
  }
  const kept = now.filter((one) => !own.has(one) && !arrived.has(one))
  if (kept.length + arrived.size === 0) throw new LifeboatError('names-unfit', `${state.name} would be left without any address.`)
  return splitFamilies([...kept, ...arrived])
}

function canonical(text: string): string {
  const address = canonicalAddress(text)
  if (address === null) throw new LifeboatError('names-unfit', `${JSON.stringify(text)} is not an IP address.`)
  return address
}
