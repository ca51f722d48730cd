// Reading what was verified: bytes into a known shape, words into ours.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { Signal } from '../../core/evidence.ts'

/** The body as this shape. Fails with delivery-unreadable, in words that hold nothing of its values. */
export function shaped<Schema extends z.ZodType>(body: Buffer, schema: Schema): z.output<Schema> {
  return fitting(parsed(body), schema)
}

/** JSON as plain values. Fails with delivery-unreadable. */
export function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw unreadable('it is not JSON')
  }
}

export function fitting<Schema extends z.ZodType>(value: unknown, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw unreadable(`${(issue?.path ?? []).map(String).join('.').slice(0, 200) || 'the whole'} is not as it should be (${issue?.code ?? 'unknown'})`)
}

export function unreadable(why: string): LifeboatError {
  return new LifeboatError('delivery-unreadable', `The delivery cannot be read: ${why}.`)
}

const [earliest, latest] = [Date.UTC(1990, 0), Date.UTC(2200, 0)]

/** A time as our records have it, from a text or from milliseconds. Fails with delivery-unreadable. */
export function timeOf(given: string | number, field: string): string {
  // CloudWatch writes its zone without a colon.
  const ms = typeof given === 'number' ? given : Date.parse(given.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  if (!(ms >= earliest && ms <= latest)) throw unreadable(`${field} is no time that it could be`)
  return new Date(ms).toISOString()
}

const severities: readonly (readonly [Signal['severity'], RegExp])[] = [
  ['critical', /^(critical|fatal|page|emergency|disaster|alert|p1|sev1|1)$/],
  ['major', /^(major|error|high|p2|sev2|2)$/],
  ['minor', /^(minor|warning|warn|moderate|average|low|p[345]|sev[345]|[345])$/],
  ['info', /^(info|informational|notice|none|ok)$/],
]

/** How bad it is, in whatever words; one that is not known is `minor`. */
export function severityOf(word: string | number | null | undefined): Signal['severity'] {
  const text = String(word ?? '').toLowerCase()
  return severities.find(([, pattern]) => pattern.test(text))?.[0] ?? 'minor'
}

/** The names that are there, each once; of an address with a port the host alone. */
export function namesOf(...candidates: readonly (string | null | undefined)[]): string[] {
  const names = candidates.flatMap((each) => (each === null || each === undefined || each === '' ? [] : [hostOf(each)]))
  return [...new Set(names)].slice(0, 20)
}

function hostOf(text: string): string {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text)?.hostname : undefined
  return (url ?? text.replace(/^([^\s:[\]]+):\d{1,5}$/, '$1')).slice(0, 200)
}
