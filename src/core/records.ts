// What happened, as it is stored and shown: `lifeboat.journal/1` and `lifeboat.status/1` (interfaces.md §4).
import { z } from 'zod'
import { sealedAloneSchema } from './stored-move.ts'

export const recordStates = ['started', 'progress', 'waiting', 'done', 'failed', 'undoing', 'undone'] as const

export const recordSchema = z.object({
  schema: z.literal('lifeboat.journal/1'),
  seq: z.number(),
  at: z.string(),
  move: z.string(),
  /** Number of the execution of this move (migrate, rollback and migrate again are three). */
  run: z.number(),
  step: z.string(),
  state: z.enum(recordStates),
  text: z.string(),
  details: z.record(z.string(), z.unknown()),
  /** Links it to the record of this move before it (core/chain.ts); null: written by a version that kept none. */
  hash: z.string().nullable(),
})

export const priceSchema = z.object({
  possible: z.boolean(),
  seconds: z.number().nullable(),
  /** Null: unknown, then `why` tells. */
  writesLost: z.number().nullable(),
  why: z.string(),
})

export const moveStatusSchema = z.object({
  name: z.string(),
  phase: z.string(),
  step: z.string(),
  state: z.string(),
  waitingFor: z.string().nullable(),
  lagSeconds: z.number().nullable(),
  remainingBytes: z.number().nullable(),
  forecastPauseMs: z.number().nullable(),
  rollback: priceSchema,
  /** Nobody serves: this side is sealed and the other one silent. Absent where an older version answers. */
  sealedAlone: sealedAloneSchema.nullable().optional(),
  /** Moves that come after this one and are switched: they should go back before it does. */
  backFirst: z.array(z.string()).default([]),
  /** Moves that go back with this one, in one pause, whose price is that of all. */
  backTogether: z.array(z.string()).default([]),
  stragglers: z.number().nullable(),
  /** Answers of caches about the names, and how many of them were old; null: not asked, or nobody answered. */
  cached: z.object({ asked: z.number(), stale: z.number() }).nullable(),
  /** The last look at the names, from an hour after their switch on: a sentence for each authority that does not tell what it wrote. Absent where an older version answers. */
  namesSeen: z
    .object({ at: z.string(), changed: z.array(z.string()) })
    .nullable()
    .optional(),
  /** The source was given up then, of which the target has what there was at `complete`; null: it was not, or follows again. Absent where an older version answers. */
  failedOver: z.object({ at: z.string(), complete: z.string() }).nullable().optional(),
  /** The last rehearsal, and what it came to; null: none was asked for. Absent where an older version answers. */
  rehearsal: z.object({ at: z.string(), passed: z.boolean(), text: z.string() }).nullable().optional(),
  /** The version of the runbook for which no process is alive that the run needs (`waitingFor: worker-version`). Absent else. */
  runbook: z.string().optional(),
  startedAt: z.string(),
})

export const statusSchema = z.object({ schema: z.literal('lifeboat.status/1'), moves: z.array(moveStatusSchema) })

export type RecordState = (typeof recordStates)[number]
export type JournalRecord = Readonly<z.infer<typeof recordSchema>>
export type Price = Readonly<z.infer<typeof priceSchema>>
export type MoveStatus = Readonly<z.infer<typeof moveStatusSchema>>
export type Status = Readonly<z.infer<typeof statusSchema>>
