// Names: whether the key may write them and their epoch records, whether all servers tell the same, how long caches keep
// what they tell now, and what beside them does not move with the addresses.
import { dnsOf } from '../../adapters.ts'
import { error, ok, warning, type Found } from '../../core/doctor/finding.ts'
import { delegationFindings, nameFindings, reverseFindings, zoneFindings } from '../../core/doctor/names.ts'
import { LifeboatError } from '../../core/errors.ts'
import { formatDuration } from '../../core/units.ts'
import { delegationOf, namesOf, serversAt } from '../../dns/delegation.ts'
import { dnsPort } from '../../dns/nameservers.ts'
import type { Authority, DnsProvider, NameState } from '../../dns/provider.ts'
import { isExpected, stateText } from '../../dns/state.ts'
import { surroundingsOf, type Surroundings } from '../../dns/surroundings.ts'
import { endpointText, type Endpoint } from '../../io/dns-wire.ts'
import { failureFound, quickMs, type Check, type World } from './world.ts'

/** A switch waits until the old answers have run out of caches, so a longer one makes tonight late. */
const longTtlSeconds = 3600

export function nameChecks(world: Pick<World, 'config'>): readonly Check[] {
  const { config } = world
  return Object.keys(config.dns).flatMap((dns) => {
    const used = Object.values(config.moves).flatMap(({ names }) => names.filter((each) => each.dns === dns).map(({ name }) => name))
    const names = [...new Set(used)]
    if (names.length === 0) return []
    return [{ about: `dns.${dns}`, deadlineMs: 2 * quickMs, look: async (signal: AbortSignal) => await look(world, dns, names, signal) }]
  })
}

async function look({ config }: Pick<World, 'config'>, dns: string, names: readonly string[], signal: AbortSignal): Promise<readonly Found[]> {
  const entry = config.dns[dns]
  const adapter = entry === undefined ? undefined : dnsOf(entry.kind)
  if (entry === undefined || adapter === undefined) throw new LifeboatError('config-invalid', `There is no dns ${dns} in the configuration.`)
  const provider = await adapter.connect(dns, entry as never, { tell: () => undefined })
  const write = await mayWrite(provider, names, signal)
  const states = await provider.read(names, signal)
  const authorities = await provider.authorities(names, signal)
  const views = await Promise.all(authorities.map(async (authority) => await viewOf(provider, authority, states, signal)))
  const beside = await surroundings(config, authorities, states, signal)
  const back = await leadingBack(config, states, signal)
  return [write, ...states.map(timeToLive), ...views.flat(), ...beside, ...back]
}

async function mayWrite(provider: DnsProvider, names: readonly string[], signal: AbortSignal): Promise<Found> {
  const listed = names.join(', ')
  if (!provider.keepsEpoch) return ok('by-hand', `${listed}: a person makes the changes.`)
  try {
    await provider.proveWrite(names, signal)
    return ok('may-write', `The key may write ${listed} and the epoch records beside them.`)
  } catch (thrown) {
    signal.throwIfAborted()
    return failureFound(thrown)
  }
}

function timeToLive({ name, ttl }: NameState): Found {
  if (ttl === null)
    return warning('no-address', `${name} has no address now; a switch would be the first to give it one.`, 'Look whether the name is spelled as it is meant.')
  const text = `${name} has a time to live of ${formatDuration(ttl * 1000)}`
  if (ttl <= longTtlSeconds) return ok('ttl', `${text}; so long a move waits before its switch.`)
  return warning('ttl', `${text}; so long a move waits before its switch.`, 'Lower it at the name server today.')
}

/** What one server tells beside what the zone holds. */
async function viewOf(provider: DnsProvider, authority: Authority, states: readonly NameState[], signal: AbortSignal): Promise<readonly Found[]> {
  const where = endpointText(authority)
  const seen = await provider
    .readAt(
      authority,
      states.map(({ name }) => name),
      signal,
    )
    .catch((thrown: unknown) => {
      signal.throwIfAborted()
      return failureFound(thrown)
    })
  if ('code' in seen) return [seen]
  const other = states.filter((state, at) => !isExpected(seen[at] ?? state, state))
  if (other.length === 0) return [ok('authority', `${where} answers and tells what the zone holds.`)]
  const hint = 'See why it is behind; a switch waits until all servers tell the same.'
  return other.map((state) => error('authority-differs', `${where} does not tell ${stateText(state)} for ${state.name}.`, hint))
}

/** What each server that answers tells of the zone, and the first of them of what stands beside the names. */
async function surroundings(
  config: World['config'],
  authorities: readonly Authority[],
  states: readonly NameState[],
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const asked = states.map(({ name }) => ({ name, ports: portsOf(config, name) }))
  const read = async (authority: Authority) => {
    // Who does not answer was told above.
    const told = await surroundingsOf(authority, asked, signal).catch(() => null)
    signal.throwIfAborted()
    return told === null ? [] : [{ authority, where: endpointText(authority), told }]
  }
  const all = (await Promise.all(authorities.map(read))).flat()
  const [first] = all
  if (first === undefined) return []
  const serials = all.flatMap(({ where, told }: { where: string; told: Surroundings }) => (told.serial === null ? [] : [{ where, serial: told.serial }]))
  const now = Math.floor(Date.now() / 1000)
  const names = first.told.names.flatMap((around, at) => {
    const [state, one] = [states[at], asked[at]]
    return state === undefined || one === undefined ? [] : nameFindings(around, { ports: one.ports, addresses: [...state.a, ...state.aaaa], now })
  })
  const above = first.told.zone === null ? [] : await delegation(config, first.told.zone, first.authority, signal)
  return [...zoneFindings(first.told.zone ?? 'the zone', serials, first.told.negativeTtl), ...above, ...names]
}

/** Nothing where the zone above is not found: a zone may be known inside of a house alone. */
async function delegation(config: World['config'], zone: string, authority: Authority, signal: AbortSignal): Promise<readonly Found[]> {
  const [above, own] = await Promise.all([delegationOf(zone, { resolver: resolverOf(config), signal }), serversAt(authority, zone, signal)])
  return above === null || own.length === 0 ? [] : delegationFindings(zone, above.parent, above.servers, own)
}

async function leadingBack(config: World['config'], states: readonly NameState[], signal: AbortSignal): Promise<readonly Found[]> {
  const addresses = states.flatMap(({ name, a, aaaa }) => [...a, ...aaaa].map((address) => ({ name, address })))
  const look = async ({ name, address }: (typeof addresses)[number]) =>
    reverseFindings(name, address, await namesOf(address, { resolver: resolverOf(config), signal }))
  return (await Promise.all(addresses.map(look))).flat()
}

/** The first of those that stand for what clients ask; null: that of this machine. */
function resolverOf({ watch }: World['config']): Endpoint | null {
  const [address] = watch.resolvers
  return address === undefined ? null : { address, port: dnsPort }
}

/** TCP ports of the moves that have this name. */
function portsOf(config: World['config'], name: string): readonly number[] {
  const moves = Object.values(config.moves).filter(({ names }) => names.some((each) => each.name === name))
  return [...new Set(moves.flatMap(({ ports }) => ports.flatMap((each) => (each.protocol === 'tcp' ? [each.port] : []))))]
}
