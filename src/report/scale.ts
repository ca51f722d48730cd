// Axes: where the ticks stand and what they say.
import { formatDuration } from '../core/units.ts'

const timeSteps = [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000]

/** The distance of ticks on a time axis of this length, at most `most` of them. */
export function timeStep(lengthMs: number, most: number): number {
  return timeSteps.find((step) => lengthMs / step <= most) ?? Math.ceil(lengthMs / most / 86_400_000) * 86_400_000
}

/** The next 1, 2 or 5 times a power of ten that is not below. */
export function roundUp(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power
}

/** `+5 s`, `−10 s`, `0`. */
export function offset(ms: number): string {
  if (ms === 0) return '0'
  return `${ms < 0 ? '−' : '+'}${formatDuration(Math.abs(ms))}`
}

/** A coordinate with one decimal at most: enough for a screen, short enough for thousands of them. */
export function px(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '')
}

/** Where a duration stands on the logarithmic axis of steps, from 0 (10 ms or less) to 100 (a day or more). */
export function logPercent(ms: number): number {
  const [low, high] = [Math.log10(10), Math.log10(86_400_000)]
  return Math.min(100, Math.max(0.8, ((Math.log10(Math.max(ms, 1)) - low) / (high - low)) * 100))
}
