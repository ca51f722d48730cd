// Times of records as numbers. core/ has no clock, and a calendar of its own is a few lines.

/** Milliseconds since 1970 of a time as records keep it, `2026-03-01T10:00:00.000Z`. */
export function msOf(time: string): number {
  const part = (from: number, to: number): number => Number(time.slice(from, to))
  const days = daysUntil(part(0, 4), part(5, 7), part(8, 10))
  return ((days * 24 + part(11, 13)) * 60 + part(14, 16)) * 60_000 + part(17, 19) * 1000 + part(20, 23)
}

/** Days from 1970-01-01; a year that begins in March ends with its leap day. */
function daysUntil(year: number, month: number, day: number): number {
  const [y, m] = month > 2 ? [year, month - 3] : [year - 1, month + 9]
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  return y * 365 + leapDays + Math.floor((153 * m + 2) / 5) + day - 719_469
}

/** Its inverse, for years from 1970 to 9999. */
export function isoOf(ms: number): string {
  const days = Math.floor(ms / 86_400_000)
  const [year, month, day] = dateOf(days)
  const rest = ms - days * 86_400_000
  const pad = (value: number, width = 2): string => String(Math.floor(value)).padStart(width, '0')
  const clock = `${pad(rest / 3_600_000)}:${pad((rest / 60_000) % 60)}:${pad((rest / 1000) % 60)}.${pad(rest % 1000, 3)}`
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${clock}Z`
}

function dateOf(days: number): readonly [year: number, month: number, day: number] {
  // Years of 365.2425 days from 0000-03-01; the guess is one off at most.
  const guess = Math.floor((days + 719_468) / 365.2425)
  const year = [guess + 1, guess, guess - 1].find((each) => daysUntil(each, 3, 1) <= days) ?? guess
  const ofYear = days - daysUntil(year, 3, 1)
  const month = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * month + 2) / 5) + 1
  return month < 10 ? [year, month + 3, day] : [year + 1, month - 9, day]
}
