// Keys of senders: the one in use and, while it is exchanged, the one before. All comparisons take the same time whatever
// they find.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Signal } from '../../core/evidence.ts'
import { LifeboatError } from '../../core/errors.ts'
import { rotatingField } from '../../core/fields.ts'
import type { Secret } from '../../core/secret.ts'
import { z } from 'zod'
import type { Delivery } from './hook.ts'

type Auth = Signal['auth']
type Keys = readonly Secret[]

const names = ['current', 'previous'] as const

/** The first key for which this holds; all are tried. Null: none. */
export function keyThat(keys: Keys, holds: (key: string) => boolean): (typeof names)[number] | null {
  const found = keys.map((key) => holds(key.reveal()))
  return names[found.indexOf(true)] ?? null
}

/** Whether two texts are the same, in a time that tells nothing of where they differ. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(createHash('sha256').update(one).digest(), createHash('sha256').update(other).digest())
}

export function hmacOf(algorithm: 'sha256', key: string | Buffer, parts: readonly (string | Buffer)[], encoding: 'hex' | 'base64'): string {
  const hmac = createHmac(algorithm, key)
  for (const part of parts) hmac.update(part)
  return hmac.digest(encoding)
}

/** What a sender that does not sign can bring along. */
export const carried = {
  bearer: rotatingField().optional().describe('a token that comes as `Authorization: Bearer …`'),
  basic: z
    .strictObject({ user: z.string().min(1), password: rotatingField() })
    .optional()
    .describe('user and password that come as `Authorization: Basic …`'),
}

type Carried = z.output<z.ZodObject<typeof carried>>

/** Checks what a sender carries. `inUrl`: it can set no header, so the token may come as `?key=…`. Fails with config-invalid when neither is set. */
export function checkCarried(name: string, { bearer, basic }: Carried, inUrl: boolean): (delivery: Delivery) => Promise<Auth> {
  if ((bearer === undefined) === (basic === undefined)) {
    throw new LifeboatError('config-invalid', `hooks.${name} needs either bearer: or basic:, or everybody could tell what they like.`)
  }
  return async ({ headers, query }) => {
    const given = headers['authorization'] ?? ''
    const key = keyThat(bearer ?? basic?.password ?? [], (secret) => {
      if (basic !== undefined) return isSame(given, `Basic ${Buffer.from(`${basic.user}:${secret}`).toString('base64')}`)
      const [inHeader, behind] = [isSame(given, `Bearer ${secret}`), isSame(query['key'] ?? '', secret)]
      return inHeader || (inUrl && behind)
    })
    if (key === null) throw refused(given === '' && !(inUrl && 'key' in query) ? 'it brings no key' : 'its key is not the right one')
    return await Promise.resolve({ scheme: basic === undefined ? 'bearer' : 'basic', keyId: key, ok: true })
  }
}

/** The failure of every verification; the sentence goes to the log, never to the sender. */
export function refused(why: string): LifeboatError {
  return new LifeboatError('delivery-refused', `The delivery was refused: ${why}.`)
}

/** A signed time (seconds) must be near ours: else whoever once saw a delivery could repeat it for ever. */
export function checkSigned(seconds: string | undefined, receivedAt: number, maxSkewMs: number): void {
  if (seconds === undefined || !/^\d{1,12}$/.test(seconds)) throw refused('it has no signed time')
  if (Math.abs(receivedAt - Number(seconds) * 1000) > maxSkewMs) throw refused(`its signed time is more than ${maxSkewMs / 1000} s from ours`)
}
