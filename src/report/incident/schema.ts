// `lifeboat.incident/1`: an outage from the first bad sample to the standby under watch, with the evidence behind every claim.
import { z } from 'zod'
import { rungs, type Evidence } from '../../core/evidence.ts'
import { decisionSchema, type Decided } from '../../core/incident.ts'
import { outageScoreSchema } from '../../core/outage-score.ts'

/** Numbers of records in the evidence log; each stands in `evidence.records` with its hash. */
const seqs = z.array(z.number())
const time = z.string()

/** The clock points of a failover, in their order, and what each one is. */
export const pointNames = {
  T0: 'impact',
  T1: 'suspected',
  T2: 'confirmed',
  T3: 'approved',
  T4: 'old side cut off',
  T5: 'standby serves',
  T6: 'name servers tell the new address',
  T7: 'caches tell the new address',
  T8: 'clients are well everywhere',
  T9: 'committed',
  T10: 'protected again',
} as const
export type PointName = keyof typeof pointNames
export const points = Object.keys(pointNames) as readonly PointName[]

const point = z.object({ point: z.enum(points as [PointName, ...PointName[]]), name: z.string(), at: time.nullable(), seqs })
const duration = z.object({ name: z.string(), from: z.string(), to: z.string(), ms: z.number().nullable() })

/** A character for each bucket: `.` not tried, `o` ok, `s` some bad, `b` all bad. */
const ladder = z.object({
  from: time,
  bucketMs: z.number(),
  observers: z.array(z.object({ observer: z.string(), rungs: z.array(z.object({ rung: z.enum(rungs), cells: z.string() })) })),
})

const hypothesis = z.object({ text: z.string(), for: seqs, against: seqs })

export const incidentSchema = z.object({
  schema: z.literal('lifeboat.incident/1'),
  kind: z.enum(['incident', 'drill']),
  project: z.string(),
  incident: z.string(),
  target: z.string(),
  provider: z.string(),
  summary: z.string(),
  /** How exact a time of a sample is: the interval between two looks. */
  uncertaintyMs: z.number(),
  /** The last good look before the first bad one. */
  lastGood: z.object({ at: time, seqs }).nullable(),
  points: z.array(point),
  durations: z.array(duration),
  goals: z.object({ recoverySeconds: z.number().nullable(), lossSeconds: z.number().nullable() }),
  lostWrites: z.number().nullable(),
  ladder: ladder.nullable(),
  decision: decisionSchema.nullable(),
  /** What was seen is consistent with these, the closest first; none of them is proven by it. */
  consistentWith: z.array(hypothesis),
  said: z.array(
    z.object({ at: time, claimedAt: time.nullable(), incident: z.string(), status: z.string(), impact: z.string(), title: z.string(), body: z.string(), seqs }),
  ),
  score: outageScoreSchema.nullable(),
  notKnown: z.array(z.string()),
  actions: z.array(z.string()),
  evidence: z.object({
    count: z.number(),
    head: z.object({ seq: z.number(), hash: z.string() }).nullable(),
    records: z.array(z.object({ seq: z.number(), hash: z.string(), at: time, kind: z.string(), text: z.string() })),
  }),
})

export type IncidentReport = Readonly<z.infer<typeof incidentSchema>>
export type Kept = { readonly seq: number; readonly hash: string; readonly evidence: Evidence }

export type IncidentInput = {
  readonly kind?: 'incident' | 'drill'
  readonly project: string
  readonly incident: string
  /** The move whose node it was. */
  readonly target: string
  readonly provider: string
  readonly intervalMs: number
  /** How often the status page was looked at; null: it has none. */
  readonly pageEveryMs: number | null
  /** All that the log has of the time around it. */
  readonly evidence: readonly Kept[]
  /** T1 to T10 where they came (ISO 8601); T0 is found in the evidence. */
  readonly points: Readonly<Partial<Record<Exclude<PointName, 'T0'>, string>>>
  readonly decision: Decided | null
  readonly goals?: IncidentReport['goals']
  /** Acknowledged writes that were gone afterwards; null: nobody compared. */
  readonly lostWrites: number | null
  readonly actions?: readonly string[]
}
