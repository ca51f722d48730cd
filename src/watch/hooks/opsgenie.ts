// Opsgenie (its support ends on 2027-04-05). It signs nothing. Its nanoseconds are beyond what JSON keeps exactly: good
// enough for a time, never for a key.
import { z } from 'zod'
import type { Signal } from '../../core/evidence.ts'
import type { HookFamily } from './hook.ts'
import { carried, checkCarried } from './keys.ts'
import { namesOf, severityOf, shaped, timeOf } from './reading.ts'

const schema = z.strictObject({ family: z.literal('opsgenie'), ...carried })

const body = z.object({
  action: z.string().min(1),
  alert: z.object({
    alertId: z.string().min(1),
    alias: z.string().nullish(),
    message: z.string(),
    entity: z.string().nullish(),
    createdAt: z.number().optional(),
    updatedAt: z.number().optional(),
    priority: z.union([z.string(), z.number()]).nullish(),
  }),
  alertFlowContext: z.object({ requestId: z.string().min(1).optional() }).optional(),
})

const states: Readonly<Record<string, Signal['state']>> = { Create: 'firing', Acknowledge: 'ack', Close: 'resolved', Delete: 'resolved' }

export const opsgenie: HookFamily<typeof schema> = {
  schema,
  open: (name, config) => ({
    verify: checkCarried(name, config, false),
    read: (delivery) => {
      const { action, alert, alertFlowContext } = shaped(delivery.body, body)
      const { alertId, createdAt, updatedAt } = alert
      const happened = action !== 'Create' && updatedAt !== undefined ? Math.floor(updatedAt / 1e6) : (createdAt ?? Number.NaN)
      return {
        deliveryKey: alertFlowContext?.requestId ?? null,
        told: [
          {
            alarm: alert.alias ?? alertId,
            instanceKey: alertId,
            state: states[action] ?? 'info',
            severity: alert.priority == null ? 'major' : severityOf(alert.priority),
            occurredAt: timeOf(happened, action === 'Create' ? 'createdAt' : 'updatedAt'),
            subjects: namesOf(alert.entity),
            text: alert.message,
          },
        ],
      }
    },
  }),
}
