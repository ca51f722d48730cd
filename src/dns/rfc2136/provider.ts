// Names on a server that takes UPDATE messages: BIND, Knot, PowerDNS, Windows. Each swap is one message, and the server
// itself compares: it applies everything or, if a set or the epoch is not as expected, nothing.
import { randomInt } from 'node:crypto'
import { LifeboatError } from '../../core/errors.ts'
import { endpointText } from '../../io/dns-wire.ts'
import { ask, isReplyTo, plainExchange, type Exchange } from '../authority.ts'
import { rcodeOf, type Message } from '../codec.ts'
import { namesInZone, swapAll, type Change } from '../compare-and-swap.ts'
import { wildcardsOver } from '../names.ts'
import { authoritiesOf } from '../nameservers.ts'
import type { Authority, DnsProvider } from '../provider.ts'
import { readNames, type FoundName } from '../read-names.ts'
import { types } from '../record-data.ts'
import { isExpected, namesChanged } from '../state.ts'
import { refusal, signedExchange, type Clock } from './signed.ts'
import type { TsigKey } from './tsig.ts'
import { permissionMessage, updateMessage } from './update.ts'

export type Rfc2136Settings = {
  readonly server: Authority
  /** Normalised. */
  readonly zone: string
  readonly key: TsigKey
  /** Empty: the NS set of the zone. */
  readonly authorities: readonly Authority[]
  readonly clock: Clock
}

/** A provider for one zone. Makes a connection for each question and keeps none. */
export function rfc2136Provider(settings: Rfc2136Settings): DnsProvider {
  const { server, zone } = settings
  const exchange = signedExchange(server, settings.key, settings.clock)
  const look = async (names: readonly string[], signal: AbortSignal) => {
    const found = await readNames(exchange, names, signal)
    refuseOtherZones(settings, found)
    return found
  }
  return {
    keepsEpoch: true,
    read: async (names, signal) => {
      const found = await look(namesInZone(zone, names), signal)
      await refuseWildcards(exchange, zone, found, signal)
      return found.map(({ state }) => state)
    },
    readAt: async (authority, names, signal) => {
      const found = await readNames(plainExchange(authority), namesInZone(zone, names), signal)
      return found.map(({ state }) => state)
    },
    swap: async (swaps, signal) => {
      await swapAll({ name: zone, look, write: async (changes, during) => await write(settings, exchange, changes, during) }, swaps, signal)
    },
    authorities: async (_names, signal) => {
      return settings.authorities.length > 0 ? settings.authorities : await authoritiesOf(exchange, zone, signal)
    },
    proveWrite: async (names, signal) => {
      const reply = await update(exchange, permissionMessage(randomInt(65_536), zone, namesInZone(zone, names)), signal)
      if (reply.rcode !== rcodeOf('NOERROR')) throw refusal(server, reply, `changes of ${names.join(', ')}`)
    },
  }
}

/** One UPDATE for all changes. */
async function write({ server, zone }: Rfc2136Settings, exchange: Exchange, changes: readonly Change<FoundName>[], signal: AbortSignal): Promise<void> {
  const names = changes.map(({ from }) => from.state.name).join(', ')
  const message = updateMessage(
    randomInt(65_536),
    zone,
    changes.map(({ from, to }) => ({ from: from.state, to })),
  )
  const reply = await update(exchange, message, signal)
  if (reply.rcode === rcodeOf('NOERROR')) return
  const lost = (['NXRRSET', 'YXRRSET', 'NXDOMAIN', 'YXDOMAIN'] as const).some((name) => reply.rcode === rcodeOf(name))
  if (!lost) throw refusal(server, reply, `the change of ${names}`)
  throw new LifeboatError(
    'names-changed',
    `${names} changed and changed back during the swap, or ${endpointText(server)} answers from a copy that is not the zone's own.`,
  )
}

async function update(exchange: Exchange, message: Message, signal: AbortSignal): Promise<Message> {
  const [reply] = await exchange.send([message], signal)
  if (reply === undefined || !isReplyTo(message, reply)) {
    throw new LifeboatError('answer-malformed', `What ${endpointText(exchange.authority)} sent is no answer to an UPDATE.`)
  }
  return reply
}

/** A server may hold a zone below ours, too; an UPDATE of our zone would then write where nobody reads. */
function refuseOtherZones(settings: Rfc2136Settings, found: readonly FoundName[]): void {
  const other = found.find(({ zone }) => zone !== null && zone !== settings.zone)
  if (other === undefined) return
  throw new LifeboatError('names-unfit', `${other.state.name} lies in the zone ${other.zone} at ${endpointText(settings.server)}, not in ${settings.zone}.`)
}

/**
 * An answer made from a wildcard looks like any other. Where a wildcard exists, prerequisites tell the two apart: they
 * see only what is really there (RFC 2136 §3.2). A swap would give the name records of its own and take it out of the
 * wildcard for every other type; its epoch record alone would already leave it without addresses (RFC 4592 §2.2.2).
 */
async function refuseWildcards(exchange: Exchange, zone: string, found: readonly FoundName[], signal: AbortSignal): Promise<void> {
  const wildcards = [...new Set(found.flatMap(({ state }) => wildcardsOver(state.name, zone)))]
  const replies = await ask(
    exchange,
    wildcards.map((name) => ({ name, type: types.A })),
    signal,
  )
  const there = wildcards.filter((_, at) => replies[at]?.rcode === rcodeOf('NOERROR'))
  if (there.length === 0) return
  const suspects = found.filter(({ state }) => state.ttl !== null && wildcardsOver(state.name, zone).some((name) => there.includes(name)))
  for (const { state } of suspects) {
    const reply = await update(exchange, updateMessage(randomInt(65_536), zone, [{ from: state, to: null }]), signal)
    if (reply.rcode === rcodeOf('NOERROR')) continue
    if (reply.rcode !== rcodeOf('NXRRSET')) throw refusal(exchange.authority, reply, `a question about ${state.name}`)
    const [after] = await readNames(exchange, [state.name], signal)
    if (after !== undefined && !isExpected(after.state, state)) throw namesChanged(after.state, state)
    throw new LifeboatError('names-unfit', `${state.name} has no addresses of its own, a wildcard (${there.join(', ')}) answers for it; give it its own first.`)
  }
}
