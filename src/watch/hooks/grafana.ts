// Grafana's own alerting, format 1, signed: HMAC-SHA256 of `<time>:<body>`. Without a time header it would sign the body
// alone, and whoever once saw a delivery could repeat it for ever; so that is refused.
import { z } from 'zod'
import { rotatingField } from '../../core/fields.ts'
import { maxSkewMs } from '../../core/signals/told.ts'
import type { HookFamily } from './hook.ts'
import { checkSigned, hmacOf, isSame, keyThat, refused } from './keys.ts'
import { alertSchema, toldBy } from './prometheus-alerts.ts'
import { shaped } from './reading.ts'

const header = z.string().regex(/^[A-Za-z][A-Za-z0-9-]*$/, 'must be the name of a header')
const schema = z.strictObject({
  family: z.literal('grafana'),
  key: rotatingField().describe('the secret of "HMAC signature" in the contact point'),
  signatureHeader: header.default('X-Grafana-Alerting-Signature'),
  timestampHeader: header.default('X-Grafana-Alerting-Timestamp').describe('as the contact point names it; there it must be set'),
})
const body = z.object({ version: z.literal('1'), groupKey: z.string(), orgId: z.number().int(), alerts: z.array(alertSchema).max(10_000) })

export const grafana: HookFamily<typeof schema> = {
  schema,
  open: (_name, { key, signatureHeader, timestampHeader }) => ({
    verify: async (delivery) => {
      const time = delivery.headers[timestampHeader.toLowerCase()]
      const given = delivery.headers[signatureHeader.toLowerCase()]
      if (given === undefined) throw refused('it is not signed')
      const keyId = keyThat(key, (secret) => isSame(hmacOf('sha256', secret, [`${time ?? ''}:`, delivery.body], 'hex'), given.toLowerCase()))
      checkSigned(time, delivery.receivedAt, maxSkewMs)
      if (keyId === null) throw refused('its signature is not one of our keys')
      return await Promise.resolve({ scheme: 'hmac', keyId, ok: true })
    },
    read: (delivery) => {
      const { orgId, alerts } = shaped(delivery.body, body)
      return { deliveryKey: null, told: alerts.map((alert) => toldBy(alert, `${orgId}/`)) }
    },
  }),
}
