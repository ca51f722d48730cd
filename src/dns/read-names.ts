// Reads the state of names from one authority, and refuses names that a swap of addresses could not move.
import { LifeboatError } from '../core/errors.ts'
import { endpointText } from '../io/dns-wire.ts'
import { ask, type Exchange } from './authority.ts'
import { classes, type Message, type ResourceRecord } from './codec.ts'
import { epochName, epochOf } from './epoch.ts'
import { splitFamilies } from './names.ts'
import type { NameState } from './provider.ts'
import { types } from './record-data.ts'
import { lowerName } from './wire-name.ts'

/** A state, and what a swap must know beyond the contract. */
export type FoundName = {
  readonly state: NameState
  /** Whether the A and the AAAA set have one TTL. */
  readonly oneTtl: boolean
  /** The zone that holds the name, as the server tells it; null when the answer did not say. */
  readonly zone: string | null
}

const asked = [types.A, types.AAAA, types.SOA, types.HTTPS] as const

/** The names in the order given; all questions go over one connection. Names must be normalised. */
export async function readNames(exchange: Exchange, names: readonly string[], signal: AbortSignal): Promise<readonly FoundName[]> {
  const questions = names.flatMap((name) => [...asked.map((type) => ({ name, type })), { name: epochName(name), type: types.TXT }])
  const replies = await ask(exchange, questions, signal)
  const each = asked.length + 1
  return names.map((name, at) => foundName(endpointText(exchange.authority), name, replies.slice(at * each, (at + 1) * each)))
}

function foundName(where: string, name: string, replies: readonly Message[]): FoundName {
  const [a, aaaa, soa, https, txt] = replies
  for (const reply of [a, aaaa, soa, https]) refuseAlias(where, name, reply)
  refuseAlias(where, epochName(name), txt)
  refuseHints(name, setOf(https, name, types.HTTPS))
  const sets = [setOf(a, name, types.A), setOf(aaaa, name, types.AAAA)]
  const ttls = sets.flat().map((record) => record.ttl)
  const addresses = sets.flat().flatMap((record) => (record.data.kind === 'address' ? [record.data.address] : []))
  const state = { name, ...splitFamilies(addresses), ttl: ttls.length === 0 ? null : Math.max(...ttls), epoch: epochOf(where, name, textsIn(txt, name)) }
  const [start] = [...(soa?.answers ?? []), ...(soa?.authorities ?? [])].filter((record) => record.type === types.SOA)
  return { state, oneTtl: new Set(ttls).size <= 1, zone: start === undefined ? null : lowerName(start.name) }
}

/** The records of one type at a name. */
export function setOf(reply: Message | undefined, name: string, type: number): ResourceRecord[] {
  return (reply?.answers ?? []).filter((record) => record.type === type && record.class === classes.IN && lowerName(record.name) === name)
}

function refuseAlias(where: string, name: string, reply: Message | undefined): void {
  const [alias] = setOf(reply, name, types.CNAME)
  if (alias === undefined) return
  const target = alias.data.kind === 'name' ? lowerName(alias.data.name) : 'another name'
  throw new LifeboatError('names-unfit', `${name} is an alias (CNAME) of ${target} at ${where}; name that one instead, or give ${name} addresses of its own.`)
}

/** Clients that ask for HTTPS records go to the addresses hinted there, whatever A and AAAA say (RFC 9460 §7.3). */
function refuseHints(name: string, records: readonly ResourceRecord[]): void {
  const hinted = records.some((record) => record.data.kind === 'raw' && hasAddressHint(record.data.bytes))
  if (hinted)
    throw new LifeboatError(
      'names-unfit',
      `${name} has an HTTPS record with address hints, which would go on pointing at the old addresses; remove ipv4hint and ipv6hint from it.`,
    )
}

/** SvcParams after priority and target name: key, length, value. Keys 4 and 6 are the hints; the target is never compressed. */
function hasAddressHint(bytes: Buffer): boolean {
  let at = 2
  while ((bytes[at] ?? 0) > 0) at += 1 + (bytes[at] ?? 0)
  at += 1
  while (at + 4 <= bytes.length) {
    const key = bytes.readUInt16BE(at)
    if (key === 4 || key === 6) return true
    at += 4 + bytes.readUInt16BE(at + 2)
  }
  return false
}

function textsIn(reply: Message | undefined, name: string): string[][] {
  const records = setOf(reply, epochName(name), types.TXT)
  return records.map((record) => (record.data.kind === 'text' ? record.data.strings.map((one) => one.toString('latin1')) : []))
}
