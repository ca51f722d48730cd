// What the report reads of a record's details. All of it is optional; what has another shape counts as absent, because a
// report about an older journal is better with a gap than not at all.
import { z } from 'zod'
import { priceSchema, type JournalRecord } from '../core/records.ts'

const check = z
  .object({ check: z.string(), passed: z.boolean(), text: z.string().default(''), ms: z.number().nullable().default(null) })
  .transform(({ check: text, passed, text: said, ms }) => ({ text, passed, said, ms }))

const readers = {
  /** check-ready and await-approval: the pause as it was forecast then. */
  forecastPauseMs: z.number(),
  /** check-ready: the same for each step that clients wait for, without the margin, in ms. */
  forecastSteps: z.record(z.string(), z.number()),
  /** check-ready or hold-clients. */
  budgetMs: z.number(),
  /** Any step that prices going back. */
  price: priceSchema,
  /** provision-node. */
  address: z.string(),
  /** Passes of a copy. */
  movedBytes: z.number(),
  movedFiles: z.number(),
  /** switch-dns: names whose address of this node was `from` and is `to` at every authority. */
  names: z.array(z.string()),
  from: z.string(),
  to: z.string(),
  /** lower-ttl, raise-ttl. */
  timeToLive: z.array(z.object({ name: z.string(), before: z.number(), after: z.number() })),
  /** check-target and other steps that ran checks. */
  checks: z.array(check),
  stragglers: z.number(),
  /** watch-target and await-finish: what caches answered. */
  cached: z.object({ asked: z.number(), stale: z.number() }),
  /** await-finish: what authorities tell otherwise than the switch wrote; none: all is as it was left. */
  namesSeen: z.object({ changed: z.array(z.string()) }),
  /** The beginning of a run, and await-approval. */
  plan: z.string(),
  who: z.string(),
  /** await-approval: an approval that was used. */
  by: z.enum(['approve', '--yes']),
  digest: z.string(),
  at: z.iso.datetime(),
} as const

type Readers = typeof readers

/** One value out of a record's details; null: not there. */
export function detail<Key extends keyof Readers>(record: JournalRecord, key: Key): z.infer<Readers[Key]> | null {
  const value = record.details[key]
  if (value === undefined) return null
  const result = readers[key].safeParse(value)
  // The reader of a key gives what its schema says; TypeScript loses that through the index.
  return result.success ? (result.data as z.infer<Readers[Key]>) : null
}

export type Told<Key extends keyof Readers> = { readonly value: z.infer<Readers[Key]>; readonly at: string; readonly seq: number }

/** Every record that tells this, in order, with its time and number. */
export function allTold<Key extends keyof Readers>(records: readonly JournalRecord[], key: Key): Told<Key>[] {
  return records.flatMap((record) => {
    const value = detail(record, key)
    return value === null ? [] : [{ value, at: record.at, seq: record.seq }]
  })
}
