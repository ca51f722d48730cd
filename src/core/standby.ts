// `lifeboat.standby/1`: how each standby is, and whether Lifeboat may fail over to it by itself.
import { z } from 'zod'
import { drillLevels } from './drill.ts'
import type { GuardName } from './policy-guards.ts'

const sizeAndPrice = z.object({ size: z.string(), monthlyCost: z.object({ amount: z.number(), currency: z.string() }).nullable() })

export const standbyCardSchema = z.object({
  schema: z.literal('lifeboat.standby/1'),
  at: z.string(),
  moves: z.array(
    z.object({
      move: z.string(),
      /** `none`: there is no standby yet; `in-step`: it follows the source; `rests`: nothing keeps it in step; `serves`: it took over. */
      state: z.enum(['none', 'in-step', 'rests', 'serves']),
      /** Its node and the price of it a month, as it is planned and parked (`standby park`), and which of them it is. Null: it was never planned; `parked` null: it is not parked. */
      node: z.object({ planned: sizeAndPrice, parked: sizeAndPrice.nullable(), isParked: z.boolean() }).nullable(),
      /** Since when the source may have what the standby lacks; null: nothing was copied, or the standby serves. */
      lagSeconds: z.number().nullable(),
      /** What is known to be missing on the standby; null: that cannot be known. */
      remainingBytes: z.number().nullable(),
      /** The last pass. `moves`: it had all that was there as it began, and is as young as the policy wants it. */
      sample: z.object({ at: z.string(), ageSeconds: z.number(), moves: z.boolean() }).nullable(),
      /** The last drill, whatever it came to. */
      drill: z.object({ level: z.enum(drillLevels), at: z.string(), passed: z.boolean(), tried: z.boolean() }).nullable(),
      /** Whether, once the source were confirmed to be down, nothing else would keep the policy from failing over by itself. */
      auto: z.object({ eligible: z.boolean(), until: z.string().nullable(), why: z.array(z.object({ code: z.string(), text: z.string() })) }),
    }),
  ),
})

export type StandbyCard = Readonly<z.infer<typeof standbyCardSchema>>
export type Standby = StandbyCard['moves'][number]

/** What only an outage can meet: in peace it says nothing about a standby. */
export const ofAnOutage: readonly GuardName[] = ['quorum', 'confirmed']
