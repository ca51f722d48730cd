// Names as the API of a DNS service lists their records: the records themselves, so nothing is made up by a wildcard, and
// nothing says by itself that a name lies in a zone which was given away.
import { LifeboatError } from '../core/errors.ts'
import { answerWithinMs, plainExchange } from './authority.ts'
import type { Found } from './compare-and-swap.ts'
import { epochName, epochOf } from './epoch.ts'
import { resolveAddresses } from '../io/resolver.ts'
import { normaliseName, splitFamilies, wildcardsOver } from './names.ts'
import { distinct, dnsPort, reachable } from './nameservers.ts'
import type { Authority, NameState } from './provider.ts'
import { readNames } from './read-names.ts'

/** One record; its value in the form of a zone file. */
export type ListedRecord = { readonly type: string; readonly ttl: number; readonly value: string }

/** What a swap must know beside the state: the records behind it, as they were listed. */
export type FoundRecords<R extends ListedRecord> = Found & { readonly addresses: readonly R[]; readonly epochs: readonly R[] }

/** All records of exactly this name. Refuses those that are no plain records. */
export type List<R extends ListedRecord> = (name: string, signal: AbortSignal) => Promise<readonly R[]>

export type ListedZone<R extends ListedRecord> = {
  /** Begins sentences: "Route 53 (r53)". */
  readonly service: string
  /** Normalised. */
  readonly zone: string
  readonly list: List<R>
  /** Records at `_lifeboat.NAME` that are no epoch. */
  readonly isNoEpoch?: (record: R) => boolean
}

const mostTurns = 10

/** The names in the order given. Fails with names-unfit for one that a swap of addresses could not move. */
export async function lookUp<R extends ListedRecord>(at: ListedZone<R>, names: readonly string[], signal: AbortSignal): Promise<FoundRecords<R>[]> {
  const found: FoundRecords<R>[] = []
  for (const name of names) found.push(await lookUpOne(at, name, signal))
  return found
}

async function lookUpOne<R extends ListedRecord>(at: ListedZone<R>, name: string, signal: AbortSignal): Promise<FoundRecords<R>> {
  const { own, beside } = await oneMoment(at, name, signal)
  for (const [where, records] of [
    [name, own],
    [epochName(name), beside],
  ] as const)
    refuseAlias(at.service, where, records)
  refuseHints(name, own)
  const addresses = own.filter(({ type }) => type === 'A' || type === 'AAAA')
  const epochs = beside.filter(({ type }) => type === 'TXT')
  const texts = epochs.filter((record) => at.isNoEpoch?.(record) !== true).map(({ value }) => stringsIn(value))
  const ttls = addresses.map(({ ttl }) => ttl)
  const state: NameState = {
    name,
    ...splitFamilies(addresses.map(({ value }) => value)),
    ttl: ttls.length === 0 ? null : Math.max(...ttls),
    epoch: epochOf(at.service, name, texts),
  }
  await refuseDelegated(at, name, own, signal)
  if (own.length === 0 && beside.length === 0) await refuseWildcard(at, name, signal)
  return { state, oneTtl: new Set(ttls).size <= 1, addresses, epochs }
}

/** A name and its epoch record are two questions; what changed in between is no state that ever was. */
async function oneMoment<R extends ListedRecord>(at: ListedZone<R>, name: string, signal: AbortSignal) {
  let beside = await at.list(epochName(name), signal)
  for (let turn = 0; turn < mostTurns; turn += 1) {
    const own = await at.list(name, signal)
    const after = await at.list(epochName(name), signal)
    if (JSON.stringify(after) === JSON.stringify(beside)) return { own, beside }
    beside = after
  }
  throw new LifeboatError('names-changed', `${epochName(name)} at ${at.service} changes so fast that it was not read: ${mostTurns} times while we looked.`)
}

/** The character strings of a TXT record: each in quotes, or one without any. */
export function stringsIn(value: string): string[] {
  if (!value.startsWith('"')) return [value]
  return [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text)
}

function refuseAlias(service: string, name: string, records: readonly ListedRecord[]): void {
  const alias = records.find(({ type }) => type === 'CNAME')
  if (alias === undefined) return
  throw new LifeboatError(
    'names-unfit',
    `${name} is an alias (CNAME) of ${alias.value} at ${service}; name that one instead, or give ${name} addresses of its own.`,
  )
}

/** Clients that ask for HTTPS records go to the addresses hinted there, whatever A and AAAA say (RFC 9460 §7.3). */
function refuseHints(name: string, records: readonly ListedRecord[]): void {
  if (!records.some(({ type, value }) => type === 'HTTPS' && /\bipv[46]hint=/i.test(value))) return
  throw new LifeboatError(
    'names-unfit',
    `${name} has an HTTPS record with address hints, which would go on pointing at the old addresses; remove ipv4hint and ipv6hint from it.`,
  )
}

/** Below an NS record other servers answer: what is written here nobody reads. */
async function refuseDelegated<R extends ListedRecord>(at: ListedZone<R>, name: string, own: readonly R[], signal: AbortSignal): Promise<void> {
  for (let above = name; above !== at.zone; above = above.slice(above.indexOf('.') + 1)) {
    const records = above === name ? own : await at.list(above, signal)
    if (!records.some(({ type }) => type === 'NS')) continue
    throw new LifeboatError('names-unfit', `${name} lies in ${above}, which ${at.service} leaves to other servers.`)
  }
}

/** The epoch record alone would take such a name out of its wildcard and leave it without addresses (RFC 4592 §2.2.2). */
async function refuseWildcard<R extends ListedRecord>(at: ListedZone<R>, name: string, signal: AbortSignal): Promise<void> {
  for (const wildcard of wildcardsOver(name, at.zone)) {
    if ((await at.list(wildcard, signal)).length === 0) continue
    throw new LifeboatError('names-unfit', `${name} has no addresses of its own, a wildcard (${wildcard}) answers for it; give it its own first.`)
  }
}

/** DnsProvider.readAt by a question to the name server itself, which knows nothing of the API. */
export async function readByDns(authority: Authority, names: readonly string[], signal: AbortSignal): Promise<readonly NameState[]> {
  const found = await readNames(plainExchange(authority), names.map(normaliseName), signal)
  return found.map(({ state }) => state)
}

/** Where these name servers answer, by this machine's resolver. */
export async function authoritiesNamed(hosts: readonly string[], signal: AbortSignal): Promise<readonly Authority[]> {
  const found: Authority[] = []
  for (const host of hosts) {
    const addresses = await resolveAddresses(host, { signal, deadlineMs: answerWithinMs, resolver: null })
    found.push(...reachable(addresses).map((address) => ({ address, port: dnsPort })))
  }
  if (found.length === 0) throw new LifeboatError('dns-unreachable', `No name server of ${hosts.join(', ') || 'the zone'} has an address.`)
  return distinct(found)
}
