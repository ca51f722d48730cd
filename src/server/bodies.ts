// What calls bring along: parsed as they come in (api.ts), and told to whoever asks for the description of the API (openapi.ts).
import { z } from 'zod'
import { drillLevels } from '../core/drill.ts'
import { servingSchema } from '../core/serving.ts'
import { standbyWants } from '../core/standby-node.ts'
import { signalKinds } from '../workflows/signals.ts'

export const context = z.object({
  config: z.object({ text: z.string(), baseFolder: z.string() }),
  secrets: z.record(z.string(), z.string()),
  isComplete: z.boolean().default(false),
  who: z.string().max(200).default(''),
})
export const inventoryBody = z.object({ context, provider: z.string().nullable(), inside: z.boolean().default(false) })
export const providersBody = z.object({ context, provider: z.string().nullable() })
export const planBody = z.object({ context, moves: z.array(z.string()), diff: z.boolean().default(false), compare: z.boolean().default(false) })
export const migrateBody = z.object({
  context,
  moves: z.array(z.string()),
  fingerprint: z.string().nullable(),
  approval: z.enum(['at-once', 'person']),
  notBefore: z.iso.datetime().nullable().default(null),
  rehearse: z.boolean().default(false),
  isNewest: z.boolean().default(false),
})
export const tellBody = z.object({ context, digest: z.string().nullable().default(null), isOff: z.enum(['source', 'target']).nullable().default(null) })
export const reportBody = z.object({
  context,
  move: z.string().nullable(),
  samples: z.string().nullable(),
  lostWrites: z.number().nullable(),
  isPublic: z.boolean().default(false),
})
export const verifyBody = z.object({ move: z.string().nullable(), against: z.string().nullable() })
export const policyBody = z.object({ context, move: z.string().nullable() })
export const switchBody = z.object({ context, off: z.boolean(), reason: z.string().max(500) })
export const standbyBody = z.object({ context, want: z.enum(standbyWants) })
export const drillBody = z.object({ context, level: z.enum(drillLevels).default('D1') })
export const tellParams = z.object({ name: z.string(), kind: z.enum(signalKinds) })
export const contextBody = z.object({ context })
export const servingBody = z.object({ moves: servingSchema })
