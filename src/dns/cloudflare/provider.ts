// Names in a zone at Cloudflare. Each swap is one batch; where a name has no epoch record yet, a seed is laid first for the
// batch to take away: two that race for the first claim would else both create one.
import { codeOf, LifeboatError } from '../../core/errors.ts'
import { namesInZone, swapAll, type Change } from '../compare-and-swap.ts'
import { epochName } from '../epoch.ts'
import { authoritiesNamed, lookUp, readByDns, stringsIn, type FoundRecords, type ListedZone } from '../listed.ts'
import type { Authority, DnsProvider } from '../provider.ts'
import { isExpected, namesChanged } from '../state.ts'
import type { Cloudflare, CloudflareRecord } from './api.ts'
import { batchOf, newRecord, type IdRecord } from './batch.ts'

export type CloudflareSettings = {
  /** Begins sentences: "Cloudflare (cf)". */
  readonly service: string
  readonly api: Cloudflare
  /** Empty: the name servers that Cloudflare names for the zone. */
  readonly authorities: readonly Authority[]
  readonly shortestTtl: number
}

/** What it means by an automatic TTL, in seconds. */
const automatic = { says: 1, means: 300 } as const
/** Nobody's claim: who deletes it has the first one. */
const seed = 'v=1 epoch=0 owner=nobody'
const nobodys = '0'.repeat(32)

/** A provider for one zone. */
export function cloudflareProvider(settings: CloudflareSettings): DnsProvider {
  const { service, api, authorities, shortestTtl } = settings
  let asked: ReturnType<Cloudflare['zone']> | null = null
  const zone = async (signal: AbortSignal) => {
    asked ??= api.zone(signal)
    return await asked.catch((error: unknown) => {
      asked = null
      throw error
    })
  }
  const at = async (signal: AbortSignal): Promise<ListedZone<IdRecord>> => ({
    service,
    zone: (await zone(signal)).name,
    list: async (name, during) => (await api.list(name, during)).map((record) => plain(service, record)),
    isNoEpoch: isSeed,
  })
  return {
    keepsEpoch: true,
    shortestTtl,
    read: async (names, signal) => {
      signal.throwIfAborted()
      const place = await at(signal)
      return (await lookUp(place, namesInZone(place.zone, names), signal)).map(({ state }) => state)
    },
    readAt: readByDns,
    swap: async (swaps, signal) => {
      const place = await at(signal)
      const write = async (changes: readonly Change<FoundRecords<IdRecord>>[], during: AbortSignal) => {
        const sown: Change<FoundRecords<IdRecord>>[] = []
        for (const change of changes) sown.push(change.from.epochs.length > 0 ? change : await sow(settings, place, change, during))
        await api.batch(batchOf(sown), during)
      }
      await swapAll({ name: place.zone, look: async (names, during) => await lookUp(place, names, during), write }, swaps, signal)
    },
    authorities: async (_names, signal) => (authorities.length > 0 ? authorities : await authoritiesNamed((await zone(signal)).name_servers, signal)),
    // A token has its rights for a whole zone; a batch without effect needs the same ones.
    proveWrite: async (names, signal) => {
      namesInZone((await zone(signal)).name, names)
      await api.batch({ deletes: [{ id: nobodys }], patches: [], posts: [] }, signal).catch(unlessChanged)
    },
  }
}

function isSeed({ value }: IdRecord): boolean {
  return stringsIn(value).join('') === seed
}

function unlessChanged(error: unknown): null {
  if (codeOf(error) === 'names-changed') return null
  throw error
}

function plain(service: string, { id, name, type, content, ttl, proxied }: CloudflareRecord): IdRecord {
  if (proxied === true) {
    throw new LifeboatError(
      'names-unfit',
      `${name} is proxied at ${service}: clients are told addresses of Cloudflare, not of a node. Make it "DNS only" first.`,
    )
  }
  return { id, type, ttl: ttl === automatic.says ? automatic.means : ttl, value: content }
}

/** Lays the seed and looks again. Whoever else lays one at the same time is refused, or takes both away. */
async function sow(
  { api, shortestTtl }: CloudflareSettings,
  place: ListedZone<IdRecord>,
  change: Change<FoundRecords<IdRecord>>,
  signal: AbortSignal,
): Promise<Change<FoundRecords<IdRecord>>> {
  const { state } = change.from
  const laid = await api.post(newRecord(epochName(state.name), 'TXT', `"${seed}"`, shortestTtl), signal).catch(unlessChanged)
  const [from] = await lookUp(place, [state.name], signal)
  if (from !== undefined && isExpected(from.state, state) && from.epochs.length > 0) return { ...change, from }
  // Somebody claimed the name meanwhile. A seed that stays would go with the next swap.
  if (laid !== null) await api.remove(laid.id, signal).catch(() => undefined)
  throw namesChanged(from?.state ?? state, state)
}
