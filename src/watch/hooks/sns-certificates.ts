// The public keys that SNS signs with, fetched where a message says, which sns-origin.ts has judged, and kept for a day.
import { X509Certificate, type KeyObject } from 'node:crypto'
import { LifeboatError, messageOf } from '../../core/errors.ts'
import type { HookContext } from './hook.ts'
import { refused } from './keys.ts'

const keptMs = 24 * 3_600_000
const mostKept = 32
/** Whoever posts here must not make us knock at SNS as often as they like. */
const fetchesAMinute = 10

type Kept = { readonly key: Promise<KeyObject>; readonly at: number }

/** Answers the key of a certificate. Fails with delivery-refused when it is none that holds now, with server-busy when it cannot be had now. */
export function snsCertificates({ fetch }: HookContext): (url: string, now: number) => Promise<KeyObject> {
  const kept = new Map<string, Kept>()
  let fetches: number[] = []
  return async (url, now) => {
    const known = kept.get(url)
    if (known !== undefined && now - known.at < keptMs) return await known.key
    fetches = fetches.filter((at) => now - at < 60_000)
    if (fetches.length >= fetchesAMinute) throw new LifeboatError('server-busy', `More than ${fetchesAMinute} certificates were asked for within a minute.`)
    fetches.push(now)
    const key = keyAt(fetch, url, now)
    kept.set(url, { key, at: now })
    if (kept.size > mostKept) kept.delete(kept.keys().next().value ?? '')
    return await key.catch((error: unknown) => {
      kept.delete(url)
      throw error
    })
  }
}

async function keyAt(fetch: HookContext['fetch'], url: string, now: number): Promise<KeyObject> {
  const { status, text } = await fetch(url).catch((cause: unknown) => {
    throw new LifeboatError('server-busy', `The certificate of SNS cannot be had: ${messageOf(cause)}`, { cause })
  })
  if (status >= 500) throw new LifeboatError('server-busy', `The certificate of SNS cannot be had (${status}).`)
  if (status !== 200) throw refused(`its certificate is not there (${status})`)
  const certificate = certificateOf(text)
  if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo)) throw refused('its certificate does not hold now')
  return certificate.publicKey
}

function certificateOf(text: string): X509Certificate {
  try {
    return new X509Certificate(text)
  } catch {
    throw refused('what stands at the place of its certificate is none')
  }
}
