// Datadog's webhooks integration. It signs nothing and sends what it was given as payload: templates/datadog-webhook.json.
// https://docs.datadoghq.com/integrations/webhooks/
import { z } from 'zod'
import type { Signal } from '../../core/evidence.ts'
import type { HookFamily } from './hook.ts'
import { carried, checkCarried } from './keys.ts'
import { namesOf, severityOf, shaped, timeOf, unreadable } from './reading.ts'

const schema = z.strictObject({ family: z.literal('datadog'), ...carried })

const body = z.object({
  id: z.string().min(1),
  alertCycleKey: z.string().min(1),
  alertId: z.string().min(1),
  aggregKey: z.string().default(''),
  transition: z.string(),
  /** Milliseconds, as text: every variable stands in quotes. */
  lastUpdated: z.string().regex(/^\d{13}$/),
  priority: z.string().default(''),
  hostname: z.string().default(''),
  title: z.string(),
})

const states: Readonly<Record<string, Signal['state']>> = {
  Triggered: 'firing',
  'Re-Triggered': 'firing',
  Renotify: 'firing',
  Warn: 'firing',
  'Re-Warn': 'firing',
  Recovered: 'resolved',
  'Warn Recovered': 'resolved',
  'No Data': 'blind',
  'Re-No Data': 'blind',
  'No Data Recovered': 'info',
}

export const datadog: HookFamily<typeof schema> = {
  schema,
  open: (name, config) => ({
    verify: checkCarried(name, config, false),
    read: (delivery) => {
      const { id, alertCycleKey, alertId, aggregKey, transition, lastUpdated, priority, hostname, title } = shaped(delivery.body, body)
      const state = states[transition]
      if (state === undefined) throw unreadable('its transition is none that is known')
      const severity = priority === '' ? (transition.includes('Warn') ? 'minor' : 'major') : severityOf(priority)
      const told = {
        alarm: `${alertId} ${aggregKey}`,
        instanceKey: alertCycleKey,
        state,
        severity,
        occurredAt: timeOf(Number(lastUpdated), 'lastUpdated'),
      } as const
      return { deliveryKey: id, told: [{ ...told, subjects: namesOf(hostname), text: title }] }
    },
  }),
}
