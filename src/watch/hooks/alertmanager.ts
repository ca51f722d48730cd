// Prometheus Alertmanager, format 4. It signs nothing: a token or a password comes along. Of what is refused it repeats 5xx
// alone. A body of one's own (`payload:`) is none that could be read here.
import { z } from 'zod'
import type { HookFamily } from './hook.ts'
import { carried, checkCarried } from './keys.ts'
import { alertSchema, toldBy } from './prometheus-alerts.ts'
import { shaped } from './reading.ts'

const body = z.object({ version: z.literal('4'), groupKey: z.string(), receiver: z.string(), alerts: z.array(alertSchema).max(10_000) })
const schema = z.strictObject({ family: z.literal('alertmanager'), ...carried })

export const alertmanager: HookFamily<typeof schema> = {
  schema,
  open: (name, config) => ({
    verify: checkCarried(name, config, false),
    // It gives no id: each repetition after an hour or so has the bytes of a retry, and says as little.
    read: (delivery) => ({ deliveryKey: null, told: shaped(delivery.body, body).alerts.map((alert) => toldBy(alert)) }),
  }),
}
