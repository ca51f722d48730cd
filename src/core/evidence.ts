// What was seen of the world outside, by whom and when: samples of the ladder, signals of monitoring, what a provider says of
// itself, and how the observers were. The evidence log keeps these records, hash-chained; the judge reads nothing else.
import { z } from 'zod'

/** The rungs of the ladder, bottom up; `view`: the provider's own word about the node. */
export const rungs = ['icmp', 'tcp', 'banner', 'kex', 'auth', 'exec', 'fsync', 'echo', 'app', 'view'] as const
export type Rung = (typeof rungs)[number]

const time = z.iso.datetime({ precision: 3 })

/** One try of one rung. Whether it was slow is for the judge to say, who knows the baseline. */
const sample = z.strictObject({
  kind: z.literal('sample'),
  /** When the try began. */
  at: time,
  observer: z.string(),
  /** The move whose node is probed, or the URL of a control target. */
  target: z.string(),
  role: z.enum(['node', 'control']),
  rung: z.enum(rungs),
  connection: z.enum(['fresh', 'kept']),
  /** Until the answer, or until it was given up. Null: it was not tried. */
  ms: z.number().nonnegative().nullable(),
  /** `unknown`: not tried, as a rung below failed or nothing allows it; it counts for nothing. */
  outcome: z.enum(['ok', 'fail', 'unknown']),
  /** Why it failed or was not tried, in a sentence; empty when it is ok. */
  text: z.string(),
})

/** How an observer itself was: without this it has no vote. */
const health = z.strictObject({
  kind: z.literal('health'),
  at: time,
  observer: z.string(),
  failureDomain: z.string(),
  /** p99 of its event loop's delay since the last such record. */
  loopLagMs: z.number().nonnegative(),
})

/** A delivery of a monitoring system: evidence, never a command. Its raw bytes are kept beside it. */
const signal = z.strictObject({
  kind: z.literal('signal'),
  /** When we received it. */
  at: time,
  id: z.string(),
  /** The name under `hooks:` and its family. */
  source: z.string(),
  family: z.string(),
  /** The same over all retries of one delivery. */
  deliveryKey: z.string(),
  /** The same from firing to resolved. */
  instanceKey: z.string(),
  /** What was set up to ring, the same each time that it does; absent: what rings is known by its instance alone. */
  alarm: z.string().optional(),
  state: z.enum(['firing', 'resolved', 'ack', 'blind', 'info']),
  severity: z.enum(['critical', 'major', 'minor', 'info']),
  occurredAt: time,
  /** Names that it says are concerned: moves, hosts, services. */
  subjects: z.array(z.string()),
  auth: z.strictObject({ scheme: z.enum(['hmac', 'ed25519', 'x509', 'bearer', 'basic', 'none']), keyId: z.string().optional(), ok: z.boolean() }),
  rawSha256: z.string(),
  text: z.string(),
  /** 0: kept and shown, and counts for nothing; then `dropReason` says why. */
  weight: z.union([z.literal(0), z.literal(1)]),
  dropReason: z.string().optional(),
})

/** What a provider's status page said, as often as its words changed. `at`: when we saw it first. */
const statement = z.strictObject({
  kind: z.literal('statement'),
  at: time,
  provider: z.string(),
  /** Empty: it speaks of itself as a whole. */
  incident: z.string(),
  /** Which post about the incident, by the page's name of it: an edit keeps it. Absent or empty: the incident as a whole. */
  update: z.string().optional(),
  /** As the page calls it; ours are `unreachable`, `unreadable` and `removed`. */
  status: z.string(),
  impact: z.string(),
  title: z.string(),
  body: z.string(),
  /** When the page says that it was written; it may be back-dated. */
  claimedAt: time.nullable(),
  rawSha256: z.string(),
})

export const evidenceSchema = z.discriminatedUnion('kind', [sample, health, signal, statement])
export type Evidence = z.infer<typeof evidenceSchema>
export type Sample = z.infer<typeof sample>
export type Health = z.infer<typeof health>
export type Signal = z.infer<typeof signal>
export type Statement = z.infer<typeof statement>
