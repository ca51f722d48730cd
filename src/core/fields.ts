// Fields of lifeboat.yaml that configuration and adapters share, each with its own sentence for what is wrong.
import { z } from 'zod'
import { Secret } from './secret.ts'
import { durationPattern, formatDuration, parseDuration } from './units.ts'

/** A secret: a reference (`env:NAME`, `file:PATH`, `command:…`) in the file, a `Secret` once it is loaded. */
export const secretField = z.instanceof(Secret)

/** A secret that can be exchanged without a gap: one, or `{ current, previous }`; both are good. Comes out as a list, the current one first. */
export function rotatingField() {
  return z.union([
    secretField.transform((current) => [current]),
    z
      .strictObject({ current: secretField, previous: secretField.optional() })
      .transform(({ current, previous }) => (previous === undefined ? [current] : [current, previous])),
  ])
}

/** `10.20.0.0/16` */
export const rangeField = z.cidrv4('must be an IPv4 range, for instance 10.20.0.0/16')

export const portField = z.number().int().min(1).max(65_535)

/** `20s`, `3d`, `1h`, `250ms` -> milliseconds, within the limits (milliseconds too). */
export function durationField({ atLeastMs = 0, atMostMs = 366 * 86_400_000 }: { atLeastMs?: number; atMostMs?: number } = {}) {
  return z
    .string('must be a duration like 250ms, 20s, 1h or 3d')
    .regex(durationPattern, 'must be a duration like 250ms, 20s, 1h or 3d')
    .transform((text, context) => {
      const ms = parseDuration(text) ?? 0
      if (ms >= atLeastMs && ms <= atMostMs) return ms
      context.addIssue({ code: 'custom', message: `must be between ${formatDuration(atLeastMs)} and ${formatDuration(atMostMs)}` })
      return z.NEVER
    })
}
