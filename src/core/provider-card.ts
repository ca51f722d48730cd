// `lifeboat.provider/1`: what is known of a provider now. Fields will be added; what is not known is null.
import { z } from 'zod'
import { outageScoreSchema } from './outage-score.ts'
import { pageSchema } from './page-words.ts'

const channel = z.string().nullable()

export const providerCardSchema = z.object({
  schema: z.literal('lifeboat.provider/1'),
  provider: z.string(),
  kind: z.string(),
  /** As in lifeboat.yaml; null where the kind has no address (a list of nodes, a region). */
  url: z.string().nullable(),
  /** Null: nobody answers for its nodes, or it is a target alone. */
  answers: z.boolean().nullable(),
  /** Why it does not answer. */
  failure: z.object({ code: z.string(), severity: z.literal('error'), text: z.string() }).nullable(),
  product: z.string().nullable(),
  apiVersion: z.string().nullable(),
  certificate: z.object({ fingerprint: z.string(), expiresAt: z.string(), pinned: z.boolean() }).nullable(),
  /** Positive: the clock here is ahead of the provider's. */
  clockAheadSeconds: z.number().nullable(),
  /** Of the last inventory that came whole enough to be stored. */
  inventory: z.object({ takenAt: z.string(), complete: z.boolean(), nodes: z.number() }).nullable(),
  /** How its API answered when an inventory was read: the last 100 readings at most. */
  readings: z.object({
    since: z.string().nullable(),
    count: z.number(),
    failed: z.number(),
    lastMs: z.number().nullable(),
    medianMs: z.number().nullable(),
    slowestMs: z.number().nullable(),
    lastFailure: z.object({ at: z.string(), code: z.string() }).nullable(),
  }),
  moves: z.object({ from: z.array(z.string()), to: z.array(z.string()) }),
  contact: z.object({ statusPage: channel, ticket: channel, phone: channel, forum: channel }),
  /** What its status page said, as far as the evidence has it; null: nothing was kept. Absent where an older version answers. */
  page: pageSchema.nullable().optional(),
  /** How it did in the outages that were confirmed, the newest first; at most ten. Absent where an older version answers. */
  outages: z.array(outageScoreSchema).optional(),
  rights: z.array(z.object({ for: z.string(), right: z.string() })),
  cannotTell: z.array(z.string()),
})

export type ProviderCard = Readonly<z.infer<typeof providerCardSchema>>

export type Reading = { readonly at: string; readonly ms: number; readonly failure: string | null }

/** `readings`: the newest first. Times are of those that succeeded: a refusal is quick and says nothing about speed. */
export function readingsOf(readings: readonly Reading[]): ProviderCard['readings'] {
  const times = readings.filter(({ failure }) => failure === null).map(({ ms }) => ms)
  const sorted = times.toSorted((one, other) => one - other)
  const failed = readings.filter(({ failure }) => failure !== null)
  return {
    since: readings.at(-1)?.at ?? null,
    count: readings.length,
    failed: failed.length,
    lastMs: times[0] ?? null,
    medianMs: sorted[Math.floor((sorted.length - 1) / 2)] ?? null,
    slowestMs: sorted.at(-1) ?? null,
    lastFailure: failed[0] === undefined ? null : { at: failed[0].at, code: failed[0].failure ?? '' },
  }
}
