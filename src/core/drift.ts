// `lifeboat.drift/1`: where a standby is no longer what was declared.
import { z } from 'zod'

/** `cloud`: somebody changed what stands there; `code`: what is declared now is not what was brought up last. */
export const driftKinds = ['cloud', 'code'] as const

const propertySchema = z.object({
  /** As the engine writes it: `tags.owner`, `ingress[0].fromPort`. */
  path: z.string(),
  /** What was declared, and what is there (cloud) or was brought up last (code); null: nothing, a secret, or more than a word. */
  declared: z.union([z.string(), z.number(), z.boolean()]).nullable(),
  found: z.union([z.string(), z.number(), z.boolean()]).nullable(),
})

const differenceSchema = z.object({
  kind: z.enum(driftKinds),
  resource: z.string(),
  /** `gone`: no longer there; `missing`: not made yet; `undeclared`: `up` would remove it; `replaced`: `up` would make it again; `unconfirmed`: begun, and nobody knows whether it was made. */
  change: z.enum(['changed', 'gone', 'missing', 'undeclared', 'replaced', 'unconfirmed']),
  properties: z.array(propertySchema),
})

export const driftSchema = z.object({
  schema: z.literal('lifeboat.drift/1'),
  at: z.string(),
  drifted: z.boolean(),
  stacks: z.array(
    z.object({
      stack: z.string(),
      provider: z.string(),
      /** Null: all moves to this provider share it. */
      move: z.string().nullable(),
      /** False: it was never brought up, or is down. */
      exists: z.boolean(),
      differences: z.array(differenceSchema),
    }),
  ),
})

export type DriftKind = (typeof driftKinds)[number]
export type Difference = Readonly<z.infer<typeof differenceSchema>>
export type DriftReport = Readonly<z.infer<typeof driftSchema>>
