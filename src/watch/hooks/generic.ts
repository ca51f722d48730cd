// Whatever else can post JSON: signed with HMAC-SHA256, or with a token or password along.
import { z } from 'zod'
import { rotatingField } from '../../core/fields.ts'
import { LifeboatError } from '../../core/errors.ts'
import { maxSkewMs } from '../../core/signals/told.ts'
import type { Hook, HookFamily } from './hook.ts'
import { carried, checkCarried, checkSigned, hmacOf, isSame, keyThat, refused } from './keys.ts'
import { fieldsSchema, mapped, statesSchema } from './mapping.ts'
import { parsed } from './reading.ts'

const header = z.string().regex(/^[A-Za-z][A-Za-z0-9-]*$/, 'must be the name of a header')
const hmac = z.strictObject({
  key: rotatingField(),
  header: header.describe('where the signature comes'),
  prefix: z.string().default('').describe('what stands before it, such as sha256='),
  encoding: z.enum(['hex', 'base64']).default('hex'),
  timestampHeader: header.optional().describe('seconds since 1970; then `<time>.<body>` is signed'),
})
const schema = z.strictObject({ family: z.literal('generic'), ...carried, hmac: hmac.optional(), fields: fieldsSchema, states: statesSchema })

export const generic: HookFamily<typeof schema> = {
  schema,
  open: (name, { hmac: signing, fields, states, ...login }) => {
    if (signing !== undefined && (login.bearer !== undefined || login.basic !== undefined)) {
      throw new LifeboatError('config-invalid', `hooks.${name} has hmac: and a token or password as well; one of them must go.`)
    }
    return {
      verify: signing === undefined ? checkCarried(name, login, false) : checkHmac(signing),
      read: ({ body }) => mapped(parsed(body), fields, states),
    }
  },
}

function checkHmac({ key, header: signature, prefix, encoding, timestampHeader }: z.output<typeof hmac>): Hook['verify'] {
  return async ({ headers, body, receivedAt }) => {
    const given = headers[signature.toLowerCase()]
    if (given === undefined) throw refused('it is not signed')
    const time = timestampHeader === undefined ? undefined : headers[timestampHeader.toLowerCase()]
    const before = timestampHeader === undefined ? [] : [`${time ?? ''}.`]
    const keyId = keyThat(key, (secret) => isSame(given, `${prefix}${hmacOf('sha256', secret, [...before, body], encoding)}`))
    if (timestampHeader !== undefined) checkSigned(time, receivedAt, maxSkewMs)
    if (keyId === null) throw refused('its signature is not one of our keys')
    return await Promise.resolve({ scheme: 'hmac', keyId, ok: true })
  }
}
