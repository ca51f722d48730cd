// `lifeboat.drill/1`: what a drill of a standby showed. It speaks for the plan that it was held of, and for a while only.
import { z } from 'zod'
import { findingSchema } from './doctor/finding.ts'

/** D0: what a failover needs answers, and would allow it. D1: the standby starts apart from everybody, and passes its checks. D2: D1, and `drill.<name>` leads to it and back. D3: D1, and clients go there and back. */
export const drillLevels = ['D0', 'D1', 'D2', 'D3'] as const
export type DrillLevel = (typeof drillLevels)[number]

/** `about`: a key of lifeboat.yaml, `standby`, or the way `there` and `back`. `error`: the drill did not pass. `ms`: how long the look took that found it. */
const drillCheckSchema = findingSchema.extend({ ms: z.number() })

export const drillCardSchema = z.object({
  schema: z.literal('lifeboat.drill/1'),
  move: z.string(),
  level: z.enum(drillLevels),
  /** When it ended (ISO 8601). */
  at: z.string(),
  /** Digest of what a failover would do (core/failover-plan.ts). */
  plan: z.string(),
  passed: z.boolean(),
  /** Whether the standby itself was tried; else it says nothing of it. */
  tried: z.boolean(),
  checks: z.array(drillCheckSchema),
  /** Packets that the standby sent meanwhile: those that left, of which there may be none, and those that were refused. Null: it was not tried. */
  isolation: z.object({ packetsLeft: z.number(), packetsRefused: z.number() }).nullable(),
  /** What of the move was not tried, and why. */
  notDrilled: z.array(z.string()),
  /** D1: from the start of the services until their checks passed; D3: from the approval until the names led there. Null: something was left out or did not pass. */
  recoverySeconds: z.number().nullable(),
  /** Until when it lets Lifeboat fail over by itself (ISO 8601); null: it does not. */
  expiresAt: z.string().nullable(),
  /** Where its page was written. Absent in what is stored. */
  report: z.string().optional(),
})

export type DrillCheck = Readonly<z.infer<typeof drillCheckSchema>>
export type DrillCard = Readonly<z.infer<typeof drillCardSchema>>

/** What was found in a drill. */
export type Drilled = Pick<DrillCard, 'tried' | 'checks' | 'isolation' | 'notDrilled' | 'recoverySeconds'>

/** `at`: when it ended; `until`: how long it counts, if it passed. Both ISO 8601. */
export function drillCard(of: Pick<DrillCard, 'move' | 'level' | 'plan' | 'at'>, drilled: Drilled, until: string): DrillCard {
  const passed = drilled.checks.every(({ severity }) => severity !== 'error')
  return { schema: 'lifeboat.drill/1', ...of, passed, ...drilled, expiresAt: passed && drilled.tried ? until : null }
}
