// What was last judged of the node of a move, with the policy under which it was: what every process decides and acts by.
import { z } from 'zod'
import { targetView, type JudgeState } from './judge.ts'
import type { JudgeRules } from './judge-rules.ts'
import type { PolicySettings } from './policy.ts'
import { watchedName } from './serving.ts'
import { sides, type SideName } from './stored-move.ts'

export const standingSchema = z.enum(['unknown', 'healthy', 'suspected', 'agreed', 'confirmed'])
export const verdictSchema = z.enum(['healthy', 'gray', 'hard-down', 'provider-claims-trouble', 'unknown'])
const ms = z.number()

const settings = z.object({
  mode: z.enum(['observe', 'propose', 'auto']),
  quorum: z.number(),
  observers: z.number(),
  largestGroup: z.number(),
  maxLagMs: ms,
  blockPeriodMs: ms,
  maxConcurrent: z.number(),
  maxPerHour: z.number(),
  drillWithinMs: ms,
})

/** Times in ms since 1970. */
export const judgedSchema = z.object({
  at: ms,
  /** Which node of the move it speaks of: the one that served then. */
  side: z.enum(sides).default('source'),
  standing: standingSchema,
  since: ms,
  /** Since when nothing of it answers anybody who says that it is down; null: something does. */
  silentSince: ms.nullable(),
  verdict: verdictSchema,
  layer: z.string().nullable(),
  down: z.number(),
  voters: z.number(),
  monitorFires: z.boolean(),
  /** What is older than this is no judgement of now. */
  staleMs: ms,
  votes: z.array(z.object({ observer: z.string(), failureDomain: z.string().nullable(), verdict: verdictSchema, noVote: z.string().nullable() })),
  settings,
})

export type Judged = Readonly<z.infer<typeof judgedSchema>>

export function judgedOf(state: JudgeState, move: string, side: SideName, rules: JudgeRules, policy: PolicySettings): Judged {
  const view = targetView(state, watchedName(move, side), rules)
  return {
    at: state.at,
    side,
    standing: view.standing,
    since: view.since,
    silentSince: view.silentSince,
    verdict: view.verdict,
    layer: view.layer,
    down: view.down,
    voters: view.voters,
    monitorFires: view.monitorFires,
    staleMs: rules.staleMs,
    votes: view.votes.map(({ observer, failureDomain, verdict: said, noVote }) => ({ observer, failureDomain, verdict: said, noVote })),
    settings: policy,
  }
}

/** Whether it says something of now. */
export function isFresh({ at, staleMs }: Judged, now: number): boolean {
  return now - at <= staleMs
}
