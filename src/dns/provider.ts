// The contract of whoever answers for a name. Only records that are named here are ever touched. Promises that hold for
// every implementation are written here; test/conformance/dns.ts runs them.
import type { z } from 'zod'

/**
 * Addresses of one name, and the epoch that Lifeboat wrote beside it (`_lifeboat.<name>` TXT); null: no such record.
 * Names are lower case without the last dot; addresses are in their shortest text form, sorted, each once.
 */
export type NameState = {
  readonly name: string
  readonly a: readonly string[]
  readonly aaaa: readonly string[]
  /** Seconds; the longer one where the A and the AAAA set differ (caches may keep an answer that long); null: no addresses. */
  readonly ttl: number | null
  readonly epoch: Epoch | null
}

/** Who may change the name: the highest token wins; `owner` is move + state folder. Text form: `v=1 epoch=7 owner=web-1/3f2a…`. */
export type Epoch = { readonly token: number; readonly owner: string }

export type Swap = {
  readonly name: string
  /** What was read. The swap happens only if A, AAAA and epoch are exactly so; otherwise names-changed and nothing is changed. The TTL is not compared. */
  readonly expected: NameState
  /** All of it is written in one transaction: both address sets, their TTL, and the epoch. */
  readonly wanted: Wanted
}

export type Wanted = { readonly a: readonly string[]; readonly aaaa: readonly string[]; readonly ttl: number; readonly epoch: Epoch }

/** One server that answers for the zone. */
export type Authority = { readonly address: string; readonly port: number }

/**
 * Fails with dns-unreachable, dns-refused (the reason is in the sentence), answer-malformed (what came is no answer of
 * this server: broken, or not signed by the key), names-changed (somebody else's addresses or epoch, or an epoch record
 * that is not ours) or names-unfit (an alias, a wildcard, another zone, address hints in an HTTPS record: nothing that a
 * swap could move). After any failure of `swap` the same call may be repeated: it never applies twice.
 */
export type DnsProvider = {
  /**
   * False where a person makes the changes: `read` then answers `epoch: null` always, and `swap` neither compares nor
   * writes epochs, and may settle for another TTL. Where it is true, a missing epoch that was there is a change.
   */
  readonly keepsEpoch: boolean
  /** The shortest TTL that may be written, in seconds; absent: any. */
  readonly shortestTtl?: number
  /** What the zone holds now, in the order asked; from an authority, never a cache. A name without any record is no error: its sets are empty. */
  readonly read: (names: readonly string[], signal: AbortSignal) => Promise<readonly NameState[]>
  /** The same, as this one authority tells it. */
  readonly readAt: (authority: Authority, names: readonly string[], signal: AbortSignal) => Promise<readonly NameState[]>
  /**
   * All swaps of one call are one transaction where the provider can (same zone); they succeed or fail together. A
   * state that is already wanted succeeds without a write, so a repeat after a lost answer is safe. Refused: leaving a
   * name that has addresses without any (names-unfit); a token below the expected one (token-stale).
   */
  readonly swap: (swaps: readonly Swap[], signal: AbortSignal) => Promise<void>
  /** Every authority of these names that must agree after a swap; `disagreements` (agreement.ts) asks them all. */
  readonly authorities: (names: readonly string[], signal: AbortSignal) => Promise<readonly Authority[]>
  /** Proves, changing nothing, that the names and their epoch records may be written here; else dns-refused. */
  readonly proveWrite: (names: readonly string[], signal: AbortSignal) => Promise<void>
}

/** What a provider needs of its surroundings. */
export type DnsContext = {
  /** Shows a text to the operator. */
  readonly tell: (text: string) => void
}

/** One line of `adapters.ts` for each kind. `name` is the key under `dns:`; errors name it. */
export type DnsAdapter<Schema extends z.ZodType = z.ZodType> = {
  readonly schema: Schema
  readonly connect: (name: string, config: z.infer<Schema>, context: DnsContext) => Promise<DnsProvider>
}
