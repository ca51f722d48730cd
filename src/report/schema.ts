// `lifeboat.report/1`: what happened to the moves of a project, with the record of the journal behind every claim.
import { z } from 'zod'
import { priceSchema, recordSchema, recordStates, type JournalRecord, type MoveStatus, type Price } from '../core/records.ts'
import type { PlannedMove } from '../core/plan.ts'

/** Sequence numbers of the journal records that a claim rests on; empty where clients measured it from outside. */
const seqs = z.array(z.number())
const time = z.string()
const money = z.object({ amount: z.number(), currency: z.string() })

/** A number with where it comes from; null: nobody measured it. */
const figure = z.object({ value: z.number().nullable(), by: z.enum(['clients', 'journal']), seqs })

const attempt = z.object({
  startedAt: time,
  /** Null: never ended as far as the journal knows, because it runs still or its controller died. */
  endedAt: time.nullable(),
  ms: z.number().nullable(),
  outcome: z.enum(['done', 'failed', 'undone', 'interrupted', 'open']),
  text: z.string(),
  seqs,
})

const step = z.object({
  step: z.string(),
  title: z.string(),
  outcome: attempt.shape.outcome,
  /** All attempts together. */
  ms: z.number().nullable(),
  attempts: z.array(attempt),
})

const direction = z.enum(['there', 'back'])

const pause = z.object({
  move: z.string(),
  run: z.number(),
  direction,
  from: time,
  to: time.nullable(),
  ms: z.number().nullable(),
  outcome: z.enum(['switched', 'undone', 'open']),
  forecastMs: z.number().nullable(),
  budgetMs: z.number().nullable(),
  /** What went on while clients waited, as offsets from its beginning. */
  parts: z.array(z.object({ step: z.string(), title: z.string(), fromMs: z.number(), ms: z.number(), forecastMs: z.number().nullable() })),
  /** The step that took the most beyond its forecast; where none was told, the longest one. Null: the steps are not known. */
  worstStep: z.string().nullable(),
  seqs,
})

const run = z.object({
  run: z.number(),
  /** The fingerprint of the plan that it was begun with, and who began it; null: not kept by the version that wrote the journal. */
  plan: z.string().nullable(),
  by: z.string().nullable(),
  outcome: z.enum(['switched', 'went-back', 'undone', 'failed', 'open']),
  startedAt: time,
  endedAt: time,
  steps: z.array(step),
})

const bucket = z.object({
  /** Answers by the side that gave them; `failed` are not among them, `retried` are. */
  source: z.number(),
  target: z.number(),
  other: z.number(),
  failed: z.number(),
  retried: z.number(),
  slowestMs: z.number(),
})
const series = z.object({ from: time, bucketMs: z.number(), buckets: z.array(bucket) })

const move = z.object({
  name: z.string(),
  from: z.object({ provider: z.string(), name: z.string(), address: z.string() }).nullable(),
  to: z.object({ provider: z.string(), size: z.string(), address: z.string().nullable(), monthlyCost: money.nullable() }).nullable(),
  runs: z.array(run),
  copied: z.object({ bytes: z.number(), files: z.number(), seqs }).nullable(),
  /** Approvals that were used: when and by whom they were given, for which plan; `digest`: the fingerprint that was named with it. */
  approvals: z.array(
    z.object({
      run: z.number(),
      how: z.enum(['approve', '--yes']),
      who: z.string().nullable(),
      at: time,
      usedAt: time,
      digest: z.string().nullable(),
      plan: z.string().nullable(),
      seqs,
    }),
  ),
  /** `tookMs`: until every authority told the new address, from the beginning of the step. */
  names: z.array(z.object({ name: z.string(), run: z.number(), at: time, before: z.string(), after: z.string(), tookMs: z.number().nullable(), seqs })),
  /** How many of the answers that caches gave were old, each time that this changed. */
  caches: z.array(z.object({ run: z.number(), at: time, asked: z.number(), stale: z.number(), seqs })),
  /** What authorities told otherwise than the switch wrote, each time that this changed; `changed` empty: all is as it was left. */
  drift: z.array(z.object({ run: z.number(), at: time, changed: z.array(z.string()), seqs })),
  timeToLive: z.array(z.object({ name: z.string(), at: time, beforeSeconds: z.number(), afterSeconds: z.number(), seqs })),
  checks: z.array(
    z.object({ text: z.string(), passed: z.boolean(), said: z.string(), step: z.string(), run: z.number(), at: time, ms: z.number().nullable(), seqs }),
  ),
  stragglers: figure,
  /** What going back was said to cost, and what it did cost where it was done. */
  rollbacks: z.array(
    z.object({ price: priceSchema.nullable(), toldAt: time.nullable(), run: z.number().nullable(), actualSeconds: z.number().nullable(), seqs }),
  ),
})

export const reportSchema = z.object({
  schema: z.literal('lifeboat.report/1'),
  project: z.string(),
  /** One sentence. */
  summary: z.string(),
  from: time.nullable(),
  to: time.nullable(),
  plan: z.string().nullable(),
  figures: z.object({
    requests: figure,
    failed: figure,
    retried: figure,
    /** The longest that one request waited for its answer or its failure. */
    longestPauseMs: figure,
    lostWrites: figure,
    /** The longest pause of a switch, hold-clients to release-clients, and what was forecast for that one. */
    pauseMs: figure,
    forecastPauseMs: figure,
  }),
  pauses: z.array(pause),
  traffic: z
    .object({
      from: time,
      to: time,
      overview: series,
      /** One for each pause that lies in the time of the samples, in their order. */
      close: z.array(z.object({ pause: z.number(), series })),
      answered: z.array(
        z.object({
          name: z.string(),
          address: z.string(),
          side: z.enum(['source', 'target', 'other']),
          requests: z.number(),
          failed: z.number(),
          first: time,
          last: time,
        }),
      ),
    })
    .nullable(),
  moves: z.array(move),
  notMeasured: z.array(z.string()),
  journal: z.object({
    count: z.number(),
    /** The last record of each move that has a hash: the journal must still have it, so that nothing was cut off. */
    heads: z.array(z.object({ move: z.string(), seq: z.number(), hash: z.string() })),
    /** Those that something above rests on come first when there are too many; `details` stay in the journal. */
    records: z.array(
      recordSchema.pick({ seq: true, at: true, move: true, run: true, step: true, text: true, hash: true }).extend({ state: z.enum(recordStates) }),
    ),
  }),
})

/** A request of a client as it was measured: `at` its beginning (ISO or ms), `ms` how long it waited, `address` who answered. */
export type Sample = {
  readonly at: string | number
  readonly ms: number
  readonly outcome: 'ok' | 'failed' | 'retried'
  readonly name: string
  readonly address: string
}

/** The moves as they were planned, and the fingerprint of that plan; null: not kept. */
export type Planned = { readonly fingerprint: string | null; readonly moves: readonly PlannedMove[] }

export type ReportInput = {
  readonly project: string
  readonly records: readonly JournalRecord[]
  readonly plan?: Planned | null
  /** What is known of the moves now: stragglers, the price of going back. */
  readonly statuses?: readonly MoveStatus[]
  /** Prices as they were told, beside those in the journal. */
  readonly prices?: readonly { readonly move: string; readonly at: string; readonly price: Price }[]
  readonly traffic?: {
    readonly samples: readonly Sample[]
    /** Acknowledged writes that were gone afterwards; null: nobody compared. */
    readonly lostWrites: number | null
  } | null
}

export type Report = Readonly<z.infer<typeof reportSchema>>
export type Figure = Report['figures']['requests']
export type Pause = Report['pauses'][number]
export type ReportedMove = Report['moves'][number]
export type ReportedRun = ReportedMove['runs'][number]
export type ReportedStep = ReportedRun['steps'][number]
export type Attempt = ReportedStep['attempts'][number]
export type Series = NonNullable<Report['traffic']>['overview']
