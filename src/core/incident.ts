// An incident: from the first suspicion of an outage that was confirmed until the node, or the standby that took over, is well.
import { z } from 'zod'
import { guardSchema } from './policy-card.ts'
import { isoOf } from './instant.ts'
import { judgedSchema, type Judged } from './judged.ts'
import { sides } from './stored-move.ts'

/** What was decided, by which votes and rules, and what was not known. */
export const decisionSchema = z.object({
  at: z.string(),
  act: z.string(),
  by: z.string().nullable(),
  verdict: z.string(),
  votes: judgedSchema.shape.votes,
  guards: z.array(guardSchema),
})

/** Times are ISO 8601. */
export const incidentRecordSchema = z.object({
  id: z.string(),
  /** The move whose node it is. */
  move: z.string(),
  /** Which node of it, which served then. */
  side: z.enum(sides).default('source'),
  provider: z.string(),
  suspectedAt: z.string(),
  confirmedAt: z.string(),
  /** Null: it lasts. */
  closedAt: z.string().nullable(),
  decision: decisionSchema.nullable(),
})

export type Decided = Readonly<z.infer<typeof decisionSchema>>
export type Incident = Readonly<z.infer<typeof incidentRecordSchema>>

/** Since when a target has been suspected; null: it is not. What nobody knows anything of keeps what was known of it. */
export function suspectedSince(before: number | null, { standing, at }: Pick<Judged, 'standing' | 'at'>): number | null {
  if (standing === 'unknown') return before
  return standing === 'healthy' ? null : (before ?? at)
}

/** Confirmed, it is an incident. */
export function openIncident(move: string, provider: string, suspected: number, { at, side, standing }: Judged): Incident | null {
  if (standing !== 'confirmed') return null
  const [suspectedAt, confirmedAt] = [isoOf(suspected), isoOf(at)]
  const id = `${move}-${suspectedAt.replaceAll(/[-:]|\.\d+/g, '')}`
  return { id, move, side, provider, suspectedAt, confirmedAt, closedAt: null, decision: null }
}

/** When it was over, by what is known now of the node that serves: well for as long as agreement must last, or (`movedAt`) well where it was moved to. Null: it lasts. */
export function closedAt({ standing, since, at }: Judged, holdMs: number, movedAt: string | null): string | null {
  if (movedAt !== null) return movedAt
  return standing === 'healthy' && at - since >= holdMs ? isoOf(since) : null
}
