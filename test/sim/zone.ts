// A simulated zone: a register of names with compare-and-swap, all swaps of a call together or none.
import type { Details } from '../../src/core/errors.ts'
import { splitFamilies, normaliseName } from '../../src/dns/names.ts'
import type { NameState, Swap } from '../../src/dns/provider.ts'
import { refusal } from './machine.ts'

export type Zone = {
  readonly names: Map<string, NameState>
  /** Rises by one with each change. */
  serial: number
}

const stateOf = (zone: Zone, name: string): NameState => zone.names.get(name) ?? { name, a: [], aaaa: [], ttl: null, epoch: null }
const sameBut = (one: NameState, other: NameState, ttl: 'ttl' | 'no ttl'): boolean => {
  const text = (state: NameState): string => JSON.stringify([...splitText(state), ttl === 'ttl' ? state.ttl : 0])
  return text(one) === text(other)
}
const splitText = ({ a, aaaa, epoch }: NameState): unknown[] => [a, aaaa, epoch?.token ?? null, epoch?.owner ?? null]

function swap(zone: Zone, swaps: readonly Swap[]): Details {
  const changes: NameState[] = []
  for (const { name: called, expected, wanted } of swaps) {
    const name = normaliseName(called)
    const now = stateOf(zone, name)
    const addresses = splitFamilies([...wanted.a, ...wanted.aaaa])
    const isEmpty = addresses.a.length + addresses.aaaa.length === 0
    const next = { name, ...addresses, ttl: isEmpty ? null : wanted.ttl, epoch: wanted.epoch }
    if (sameBut(now, next, 'ttl')) continue
    if (!sameBut(now, expected, 'no ttl')) throw refusal('names-changed', `${name} was changed by somebody else.`)
    if (isEmpty && now.a.length + now.aaaa.length > 0) throw refusal('names-unfit', `${name} would be left without any address.`)
    if (expected.epoch !== null && wanted.epoch.token < expected.epoch.token)
      throw refusal('token-stale', `Token ${wanted.epoch.token} of ${name} is older than ${expected.epoch.token}.`)
    changes.push(next)
  }
  for (const next of changes) zone.names.set(next.name, next)
  if (changes.length > 0) zone.serial++
  return {}
}

export const zoneOps: Readonly<Record<string, (zone: Zone, args: Details) => Details>> = {
  read: (zone, args) => ({ states: (args['names'] as string[]).map((name) => stateOf(zone, normaliseName(name))) }),
  swap: (zone, args) => swap(zone, args['swaps'] as Swap[]),
}
