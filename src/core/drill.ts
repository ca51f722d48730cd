// `lifeboat.drill/1`: what a drill of a standby showed. It speaks for the plan that it was held of, and for a while only.
import { z } from 'zod'

/** D0: what a failover needs answers, and allows it. D1: the standby starts apart from everybody, and passes its checks. D2: a name leads to it. D3: there and back. */
export const drillLevels = ['D0', 'D1', 'D2', 'D3'] as const
export type DrillLevel = (typeof drillLevels)[number]

export const drillCheckSchema = z.object({
  code: z.string(),
  /** `error`: the drill did not pass. */
  severity: z.enum(['ok', 'warning', 'error']),
  text: z.string(),
  /** How long it took; null: it was not measured by itself. */
  ms: z.number().nullable(),
})

export const drillCardSchema = z.object({
  schema: z.literal('lifeboat.drill/1'),
  move: z.string(),
  level: z.enum(drillLevels),
  /** When it ended (ISO 8601). */
  at: z.string(),
  /** Digest of what a failover would do (core/failover-plan.ts). */
  plan: z.string(),
  passed: z.boolean(),
  checks: z.array(drillCheckSchema),
  /** What showed that nobody met the standby; null: nothing was started. */
  isolation: z.object({ packetsLeft: z.number(), packetsRefused: z.number() }).nullable(),
  /** What of the move was not tried, and why. */
  notDrilled: z.array(z.string()),
  /** From the start of the services until the checks passed; null: that was not measured, or not of all of them. */
  recoverySeconds: z.number().nullable(),
  /** Until when it lets Lifeboat fail over by itself (ISO 8601); null: it does not. */
  expiresAt: z.string().nullable(),
})

export type DrillCard = Readonly<z.infer<typeof drillCardSchema>>

/** Whether a drill of this level tried the standby itself: only then it counts for the policy. */
export function triesStandby(level: DrillLevel): boolean {
  return level !== 'D0'
}
