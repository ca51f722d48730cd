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
