// Names: whether the key may write them and their epoch records, whether all servers tell the same, and how long caches
// keep what they tell now.
import { dnsOf } from '../../adapters.ts'
import { error, ok, warning, type Found } from '../../core/doctor/finding.ts'
import { LifeboatError } from '../../core/errors.ts'
import { formatDuration } from '../../core/units.ts'
import type { Authority, DnsProvider, NameState } from '../../dns/provider.ts'
import { isExpected, stateText } from '../../dns/state.ts'
import { endpointText } from '../../io/dns-wire.ts'
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
  return [write, ...states.map(timeToLive), ...views.flat()]
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
