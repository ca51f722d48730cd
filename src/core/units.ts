// Sizes, durations and money: read from people, written for people. Everything inside counts in bytes, milliseconds and
// whole currency units.
import type { Money } from './plan.ts'

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** What `parseDuration` accepts, for schemas: `250ms`, `20s`, `1.5h`, `3d`. */
export const durationPattern = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/

/** `20s`, `3d`, `1h`, `250ms` -> milliseconds, rounded; null when it is not a duration. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = durationPattern.exec(text) ?? []
  if (amount === undefined || unit === undefined) return null
  // The pattern lets only these units through.
  return Math.round(Number(amount) * unitMs[unit as keyof typeof unitMs])
}

/** Bytes with at most one decimal, in binary units: `640 B`, `1.5 KiB`, `40 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let amount = bytes
  let index = 0
  // 1023.95 would be shown as 1024.0 of the smaller unit.
  while (Math.abs(amount) >= 1023.95 && index < units.length - 1) {
    amount /= 1024
    index++
  }
  return `${oneDecimal(index === 0 ? Math.round(amount) : amount)} ${units[index]}`
}

/** Milliseconds with the two largest units that matter: `640 ms`, `2.4 s`, `2 min 5 s`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${oneDecimal(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return twoUnits(seconds, 60, 'min', 1, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return twoUnits(minutes, 60, 'h', 1, 'min')
  return twoUnits(Math.round(minutes / 60), 24, 'd', 1, 'h')
}

/** `61.20 USD`; what is not known says so. */
export function formatMoney(money: Money | null): string {
  return money === null ? 'unknown' : `${money.amount.toFixed(2)} ${money.currency}`
}

/** The sum, rounded to cents; null as soon as one part is unknown or in another currency: never a guess. */
export function addMoney(parts: readonly (Money | null)[]): Money | null {
  const [first] = parts
  if (!first) return null
  let amount = 0
  for (const part of parts) {
    if (part === null || part.currency !== first.currency) return null
    amount += part.amount
  }
  return { amount: Math.round(amount * 100) / 100, currency: first.currency }
}

/** So many times an amount; what is not known stays so. */
export function multiplyMoney(money: Money | null, factor: number): Money | null {
  return money === null ? null : { amount: money.amount * factor, currency: money.currency }
}

function twoUnits(total: number, perLarge: number, large: string, perSmall: number, small: string): string {
  const rest = (total % perLarge) / perSmall
  return rest === 0 ? `${Math.floor(total / perLarge)} ${large}` : `${Math.floor(total / perLarge)} ${large} ${rest} ${small}`
}

function oneDecimal(amount: number): string {
  return amount.toFixed(1).replace(/\.0$/, '')
}

/** `1 unit`, `2 units`: a number with its noun, for sentences. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
