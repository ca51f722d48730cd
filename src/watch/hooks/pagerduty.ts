// PagerDuty v3: HMAC-SHA256 of the body, several signatures while its secret is exchanged. It signs no time and delivers up
// to 48 hours late. X-Webhook-Id is not signed, so that a repetition is known by the event's own id.
// https://developer.pagerduty.com/docs/webhook-signatures
import { z } from 'zod'
import { rotatingField } from '../../core/fields.ts'
import type { Signal } from '../../core/evidence.ts'
import type { Told } from '../../core/signals/told.ts'
import type { HookFamily } from './hook.ts'
import { hmacOf, isSame, keyThat, refused } from './keys.ts'
import { fitting, namesOf, parsed, severityOf, timeOf } from './reading.ts'

const schema = z.strictObject({ family: z.literal('pagerduty'), key: rotatingField().describe('the secret of the webhook subscription') })

const envelope = z.object({ event: z.object({ id: z.string().min(1), event_type: z.string(), occurred_at: z.string(), data: z.unknown() }) })
const reference = z.object({ id: z.string(), summary: z.string().nullish() })
const incident = z.object({
  id: z.string().min(1),
  title: z.string(),
  service: reference.nullish(),
  urgency: z.string().nullish(),
  priority: z.object({ summary: z.string().nullish() }).nullish(),
  incident_key: z.string().nullish(),
})
/** What tells of an incident without having its fields: a note, a responder. */
const aside = z.object({ id: z.string().nullish(), incident: reference.nullish() })

const states: Readonly<Record<string, Signal['state']>> = {
  'incident.triggered': 'firing',
  'incident.reopened': 'firing',
  'incident.unacknowledged': 'info',
  'incident.acknowledged': 'ack',
  'incident.resolved': 'resolved',
}
const signatures = 10

export const pagerduty: HookFamily<typeof schema> = {
  schema,
  open: (_name, { key }) => ({
    verify: async ({ headers, body }) => {
      const given = (headers['x-pagerduty-signature'] ?? '').split(',', signatures).map((each) => each.trim())
      const keyId = keyThat(key, (secret) => {
        const expected = `v1=${hmacOf('sha256', secret, [body], 'hex')}`
        return given.map((each) => isSame(each, expected)).includes(true)
      })
      if (keyId === null) throw refused(given.join('') === '' ? 'it is not signed' : 'none of its signatures is of one of our keys')
      return await Promise.resolve({ scheme: 'hmac', keyId, ok: true })
    },
    read: ({ body }) => {
      const { event } = fitting(parsed(body), envelope)
      return { deliveryKey: event.id, told: [toldBy(event)] }
    },
  }),
}

function toldBy({ id, event_type: type, occurred_at: at, data }: z.output<typeof envelope>['event']): Told {
  const occurredAt = timeOf(at, 'occurred_at')
  const state = states[type]
  if (state === undefined) {
    const about = fitting(data ?? {}, aside)
    const key = about.incident?.id ?? about.id ?? id
    return { occurredAt, alarm: key, instanceKey: key, state: 'info', severity: 'info', subjects: [], text: type }
  }
  const of = fitting(data, incident)
  const alarm = of.incident_key ?? `${of.service?.id ?? ''}/${of.title}`
  return { occurredAt, alarm, instanceKey: of.id, state, severity: severityOfIncident(of), subjects: namesOf(of.service?.summary), text: of.title }
}

function severityOfIncident({ priority, urgency }: z.output<typeof incident>): Signal['severity'] {
  const given = priority?.summary ?? ''
  return given !== '' ? severityOf(given) : urgency === 'low' ? 'minor' : 'major'
}
