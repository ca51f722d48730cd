// Standard Webhooks: `id.time.body` signed with HMAC-SHA256 (v1) or ed25519 (v1a). The time is that of the attempt, so that
// each retry has its own; the id stays. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { rotatingField } from '../../core/fields.ts'
import { maxSkewMs } from '../../core/signals/told.ts'
import type { Delivery, HookFamily } from './hook.ts'
import { checkSigned, hmacOf, isSame, keyThat, refused } from './keys.ts'
import { fieldsSchema, mapped, statesSchema } from './mapping.ts'
import { parsed } from './reading.ts'

const publicKey = z.string().regex(/^(whpk_)?[A-Za-z0-9+/]{43}=$/, 'must be an ed25519 public key in base64')
const schema = z.strictObject({
  family: z.literal('standard-webhooks'),
  key: rotatingField().optional().describe('whsec_…, for signatures v1'),
  publicKeys: z.array(publicKey).default([]).describe('whpk_…, for signatures v1a; the current one first'),
  fields: fieldsSchema.prefault({ instance: 'data.id', state: 'type', at: 'timestamp', text: 'type' }),
  states: statesSchema,
})

const signatures = 10
/** What an ed25519 key has before its 32 bytes in DER. */
const der = Buffer.from('302a300506032b6570032100', 'hex')

export const standardWebhooks: HookFamily<typeof schema> = {
  schema,
  open: (name, { key = [], publicKeys, fields, states }) => {
    if (key.length === 0 && publicKeys.length === 0) throw new LifeboatError('config-invalid', `hooks.${name} needs key: or publicKeys:.`)
    const known = publicKeys.map(keyObjectOf)
    return {
      verify: async (delivery) => {
        const { id, time, given } = signedBy(delivery)
        const before = `${id}.${time}.`
        const keyId = keyThat(key, (secret) => {
          const expected = `v1,${hmacOf('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'), [before, delivery.body], 'base64')}`
          return given.map((each) => isSame(each, expected)).includes(true)
        })
        checkSigned(time, delivery.receivedAt, maxSkewMs)
        if (keyId !== null) return await Promise.resolve({ scheme: 'hmac', keyId, ok: true })
        const signed = Buffer.concat([Buffer.from(before), delivery.body])
        const nth = known.findIndex((each) => given.some((one) => one.startsWith('v1a,') && verify(null, signed, each, Buffer.from(one.slice(4), 'base64'))))
        if (nth < 0) throw refused('none of its signatures is of one of our keys')
        return { scheme: 'ed25519', keyId: nth === 0 ? 'current' : 'previous', ok: true }
      },
      read: (delivery) => mapped(parsed(delivery.body), fields, states, delivery.headers['webhook-id'] ?? null),
    }
  },
}

function signedBy({ headers }: Delivery): { readonly id: string; readonly time: string; readonly given: readonly string[] } {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = headers
  if (id === undefined || time === undefined || signature === undefined) throw refused('it is not signed')
  return { id, time, given: signature.split(' ', signatures) }
}

function keyObjectOf(text: string): KeyObject {
  return createPublicKey({ key: Buffer.concat([der, Buffer.from(text.replace(/^whpk_/, ''), 'base64')]), format: 'der', type: 'spki' })
}
