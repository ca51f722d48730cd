// Healthchecks: it signs nothing and sends what it was given as body: templates of docs/hooks.md.
import { z } from 'zod'
import type { HookFamily } from './hook.ts'
import { carried, checkCarried } from './keys.ts'
import { namesOf, shaped, timeOf } from './reading.ts'

const schema = z.strictObject({ family: z.literal('healthchecks'), ...carried })
const body = z.object({ code: z.string().min(1), name: z.string().default(''), status: z.enum(['up', 'down']), now: z.string(), tags: z.string().default('') })

export const healthchecks: HookFamily<typeof schema> = {
  schema,
  open: (name, config) => ({
    verify: checkCarried(name, config, false),
    read: (delivery) => {
      const { code, name: called, status, now, tags } = shaped(delivery.body, body)
      const state = status === 'down' ? 'firing' : 'resolved'
      const told = { alarm: code, instanceKey: code, state, severity: 'major', occurredAt: timeOf(now, 'now') } as const
      return { deliveryKey: null, told: [{ ...told, subjects: namesOf(called, ...tags.split(/\s+/)), text: `${called || code} is ${status}` }] }
    },
  }),
}
