// Whether the journal is what was written (`lifeboat.verification/1`): by its hash chains, and by what a report says of it.
import { z } from 'zod'

const citation = z.object({ seq: z.number(), hash: z.string() })

const verifiedMoveSchema = z.object({
  move: z.string(),
  records: z.number(),
  /** Records of versions that kept no hashes: they come first, and nothing can be told of them. */
  unlinked: z.number(),
  /** The last record that has a hash; null: none has. */
  head: citation.nullable(),
  whole: z.boolean(),
  /** The first record that is not as it was written; `at` and `step` are null where it is gone. */
  broken: z.object({ seq: z.number(), at: z.string().nullable(), step: z.string().nullable(), why: z.string() }).nullable(),
  /** The report that it was compared with; null: none has hashes of this move. */
  report: z.string().nullable(),
})

export const verificationSchema = z.object({
  schema: z.literal('lifeboat.verification/1'),
  /** Whether all moves are. */
  whole: z.boolean(),
  moves: z.array(verifiedMoveSchema),
})

/** What is read of a written `lifeboat.report/1`; one of a version that kept no hashes is none. */
export const citingSchema = z.object({
  schema: z.literal('lifeboat.report/1'),
  journal: z.object({
    heads: z.array(citation.extend({ move: z.string() })),
    records: z.array(z.object({ seq: z.number(), move: z.string(), hash: z.string().nullable() })),
  }),
})

export type VerifiedMove = Readonly<z.infer<typeof verifiedMoveSchema>>
export type Verification = Readonly<z.infer<typeof verificationSchema>>
export type Citing = Readonly<z.infer<typeof citingSchema>>
