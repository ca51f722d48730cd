// UptimeRobot: it can set no header, so the token stands in the URL, and it sends what it was given as body (docs/hooks.md).
// Without the time of the alert nobody could tell a new one from a repeated one, so that is refused.
import { z } from 'zod'
import type { HookFamily } from './hook.ts'
import { carried, checkCarried } from './keys.ts'
import { fitting, namesOf, parsed, timeOf } from './reading.ts'

const schema = z.strictObject({ family: z.literal('uptimerobot'), ...carried })

/** Its variables are written `alertType` or `alert_type`; both are the same here. */
const written = z.record(z.string(), z.union([z.string(), z.number()]))
const text = z.union([z.string(), z.number()]).transform(String)
const body = z.object({
  monitorid: text.optional(),
  monitorurl: z.string().min(1),
  monitorfriendlyname: z.string().min(1),
  alerttype: text,
  alertdetails: z.string().default(''),
  alertdatetime: text.pipe(z.string().regex(/^\d{10}$/)),
})

export const uptimerobot: HookFamily<typeof schema> = {
  schema,
  open: (name, config) => ({
    verify: checkCarried(name, config, true),
    read: (delivery) => {
      const pairs = Object.entries(fitting(parsed(delivery.body), written)).map(([key, value]) => [key.toLowerCase().replaceAll('_', ''), value])
      const { monitorid, monitorurl, monitorfriendlyname, alerttype, alertdetails, alertdatetime } = fitting(Object.fromEntries(pairs), body)
      const monitor = monitorid ?? monitorurl
      const state = alerttype === '1' ? 'firing' : alerttype === '2' ? 'resolved' : 'info'
      const words = `${monitorfriendlyname}: ${alertdetails}`
      const occurredAt = timeOf(Number(alertdatetime) * 1000, 'alertDateTime')
      return {
        deliveryKey: null,
        told: [{ alarm: monitor, instanceKey: monitor, state, severity: 'major', occurredAt, subjects: namesOf(monitorurl, monitorfriendlyname), text: words }],
      }
    },
  }),
}
