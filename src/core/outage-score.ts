// The shape of a provider's score in one outage (`outages` of `lifeboat.provider/1`), and what it is made of.
import { z } from 'zod'
import type { Statement } from './evidence.ts'
import { msOf } from './instant.ts'

/** Numbers of the records in the evidence log that a claim rests on. */
const seqs = z.array(z.number())
/** Milliseconds after our own first bad sample, negative before it; null: it did not come. */
const moment = z.object({ ms: z.number().nullable(), seqs })

/** What we measured. `from`: the first bad sample; `to`: the first good one after it, null while it lasts. */
const outage = z.object({ from: z.string(), to: z.string().nullable(), severity: z.enum(['gray', 'hard-down']) })

const contradiction = z.object({
  code: z.enum(['says-all-is-well', 'played-down', 'resolved-too-early', 'called-maintenance', 'back-dated', 'page-silent']),
  severity: z.literal('warning'),
  text: z.string(),
  seqs,
})

export const outageScoreSchema = outage.extend({
  /** Whether the page was looked at before the outage began; else nobody knows since when its words stand there. */
  watched: z.boolean(),
  acknowledge: moment,
  /** By the page's word, and by our samples. */
  restoreSaid: moment,
  restoreSeen: moment,
  /** When what happened, why, and what is done against it stood there together; which of them ever did. */
  explain: moment.extend({ what: z.boolean(), why: z.boolean(), steps: z.boolean() }),
  updates: z.number(),
  /** Between two posts, until the page called it over or it was; null: neither came. */
  longestSilenceMs: z.number().nullable(),
  edits: z.array(z.object({ at: z.string(), incident: z.string(), act: z.enum(['edited', 'removed']), seqs })),
  contradictions: z.array(contradiction),
})

export type OutageScore = Readonly<z.infer<typeof outageScoreSchema>>
export type Outage = Readonly<z.infer<typeof outage>>
export type Moment = Readonly<z.infer<typeof moment>>
export type Contradiction = Readonly<z.infer<typeof contradiction>>

/** A statement with its place in the evidence. */
export type Said = { readonly seq: number; readonly evidence: Statement }

export function timeOf({ evidence }: Said): number {
  return msOf(evidence.at)
}

/** How bad a page may call it. */
export const ranks: Readonly<Record<string, number>> = { none: 0, minor: 1, low: 1, major: 2, medium: 2, critical: 3, high: 3 }
