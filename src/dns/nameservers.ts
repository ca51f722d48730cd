// Which servers answer for a zone.
import { isIP } from 'node:net'
import { LifeboatError } from '../core/errors.ts'
import { reachesIpv6 } from '../io/dns-wire.ts'
import { resolveAddresses, type ResolverOptions } from '../io/resolver.ts'
import { answerWithinMs, ask, type Exchange } from './authority.ts'
import { lowerName } from './wire-name.ts'
import type { Authority } from './provider.ts'
import { setOf } from './read-names.ts'
import { types } from './record-data.ts'

export const dnsPort = 53

/**
 * The servers in the NS set of a zone, resolved at the server that was asked, or by this machine's resolver for hosts
 * that lie outside of it; the server itself comes first. Its own address keeps its port, the others have 53. Addresses
 * of a family that this machine cannot reach are left out while their host has another.
 */
export async function authoritiesOf(exchange: Exchange, zone: string, signal: AbortSignal): Promise<readonly Authority[]> {
  const [reply] = await ask(exchange, [{ name: zone, type: types.NS }], signal)
  const hosts = setOf(reply, zone, types.NS).flatMap((record) => (record.data.kind === 'name' ? [lowerName(record.data.name)] : []))
  const found: Authority[] = [exchange.authority]
  for (const host of hosts) {
    const addresses = await addressesOf(exchange, host, signal)
    if (addresses.length === 0) {
      throw new LifeboatError('dns-unreachable', `The name server ${host} of ${zone} has no address; name all servers under authorities: if it is not used.`)
    }
    found.push(...reachable(addresses).map((address) => ({ address, port: dnsPort })))
  }
  return distinct(found)
}

/** Where a server listens, as written in the configuration: `192.0.2.53`, `ns1.example`, `192.0.2.53:5353`, `[2001:db8::53]:5353`. Null: unreadable. */
export function parseEndpoint(text: string): Authority | null {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+))(?::([0-9]{1,5}))?$/.exec(text) ?? []
  const address = isIP(text) === 6 ? text : (bracketed ?? plain)
  const number = port === undefined || address === text ? dnsPort : Number(port)
  if (address === undefined || number < 1 || number > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) return null
  return { address, port: number }
}

/** IPv4 first where both are there and IPv6 leads nowhere from here. */
export function reachable(addresses: readonly string[]): readonly string[] {
  const v4 = addresses.filter((address) => !address.includes(':'))
  return v4.length === 0 || reachesIpv6() ? addresses : v4
}

/** Each address once; the first mention wins, so a configured port is kept. */
export function distinct(authorities: readonly Authority[]): readonly Authority[] {
  return authorities.filter((one, at) => authorities.findIndex(({ address }) => address === one.address) === at)
}

async function addressesOf(exchange: Exchange, host: string, signal: AbortSignal): Promise<string[]> {
  const options: ResolverOptions = { signal, deadlineMs: answerWithinMs, resolver: null }
  const questions = [types.A, types.AAAA].map((type) => ({ name: host, type }))
  const replies = await ask(exchange, questions, signal).catch((error: unknown) => {
    if (isElsewhere(error)) return null
    throw error
  })
  if (replies === null) return await resolveAddresses(host, options)
  return replies.flatMap((reply) => reply.answers).flatMap((record) => (record.data.kind === 'address' ? [record.data.address] : []))
}

/** The server does not hold the zone of this host: refused, or left to others. */
function isElsewhere(error: unknown): boolean {
  return error instanceof LifeboatError && (error.code === 'dns-refused' || error.code === 'names-unfit')
}
