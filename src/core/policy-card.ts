// `lifeboat.policy/1`: whether Lifeboat would fail over now, move by move, and what each guard says. What is not known is null.
import { z } from 'zod'
import { standingSchema, verdictSchema } from './judged.ts'
import { sides } from './stored-move.ts'
import { decide, type PolicyInput } from './policy.ts'

/** What a guard said (policy-guards.ts). */
export const guardSchema = z.object({
  code: z.string(),
  /** `error`: it refuses. */
  severity: z.enum(['ok', 'error']),
  text: z.string(),
  /** It refuses because nobody knows. */
  unknown: z.boolean(),
  measured: z.number().nullable(),
  limit: z.number().nullable(),
})

export const policyCardSchema = z.object({
  schema: z.literal('lifeboat.policy/1'),
  mode: z.enum(['observe', 'propose', 'auto']),
  /** The big red switch: who pressed or released it last; null: nobody ever did. */
  switch: z.object({ off: z.boolean(), by: z.string(), at: z.string(), reason: z.string() }).nullable(),
  moves: z.array(
    z.object({
      move: z.string(),
      /** Which of its nodes serves: of that one `standing` and `verdict` speak. Absent where an older version answers. */
      serving: z.enum(sides).optional(),
      standing: standingSchema,
      verdict: verdictSchema,
      /** What would be done now, and by whose word. */
      act: z.enum(['nothing', 'propose', 'fail-over']),
      by: z.enum(['policy', 'approval']).nullable(),
      /** Digest of what a fail-over would do: what is approved. Null: it could do nothing now. Absent where an older version answers. */
      plan: z.string().nullable().optional(),
      /** Of the incident that lasts; null: there is none. Absent where an older version answers. */
      incident: z.string().nullable().optional(),
      guards: z.array(guardSchema),
    }),
  ),
})

export type PolicyCard = Readonly<z.infer<typeof policyCardSchema>>

/** One move of the card. */
export function explained(input: PolicyInput): PolicyCard['moves'][number] {
  const { act, by, guards } = decide(input)
  return {
    move: input.move,
    standing: input.judged?.standing ?? 'unknown',
    verdict: input.judged?.verdict ?? 'unknown',
    act,
    by,
    plan: input.plan,
    guards: [...guards],
  }
}
