// A time of day or a date with one, as it is typed on the command line.

/**
 * `22:00` (the next one here), `2026-11-28 22:00` (here), or `2026-11-28T22:00Z` and with an offset like `+01:00`. Seconds may
 * follow. Epoch ms; null when it is none of these.
 */
export function parseTime(text: string, now: number): number | null {
  const [, date, hour = '', minute = '', zone = ''] =
    /^(?:(\d{4}-\d{2}-\d{2})[T ])?([01]\d|2[0-3]):([0-5]\d(?::[0-5]\d)?)(Z|[+-]\d{2}:\d{2})?$/.exec(text) ?? []
  if (hour === '') return null
  if (date !== undefined) return isDay(date) ? finite(new Date(`${date}T${hour}:${minute}${zone}`).getTime()) : null
  if (zone !== '') return null
  const next = new Date(now)
  const [minutes, seconds = 0] = minute.split(':').map(Number)
  next.setHours(Number(hour), minutes, seconds, 0)
  if (next.getTime() < now) next.setDate(next.getDate() + 1)
  return next.getTime()
}

/** What no calendar has, like 31 February, would be taken for another day. */
function isDay(date: string): boolean {
  const at = new Date(`${date}T00:00Z`)
  return finite(at.getTime()) !== null && at.toISOString().startsWith(date)
}

function finite(at: number): number | null {
  return Number.isNaN(at) ? null : at
}
