// When a switch may happen: within a window that comes back each day or week, and not before a time that was named.
// The controller's clock decides; nothing that keeps data safe rests on it.

export type Window = {
  /** `22:00`, or `Sat 22:00`; both ends name a weekday or neither. */
  readonly from: string
  readonly to: string
  /** Of the IANA data base, like Europe/Berlin. */
  readonly zone: string
}

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const [minuteMs, dayMs] = [60_000, 86_400_000]

/** How long a window is open, in milliseconds of a day on which no clock is changed. */
export function lengthOf({ from, to }: Window): number {
  return modulo(placeOf(to) - placeOf(from), periodOf(from))
}

/** Since when, at or after `now`, a switch that takes `needsMs` may begin (epoch ms); `now` itself: at once. */
export function opensAt(window: Window, now: number, needsMs: number): number {
  const from = placeOf(window.from)
  const period = periodOf(window.from)
  const into = (at: number): number => modulo(localPlace(window.zone, at) - from, period)
  if (into(now) + needsMs <= lengthOf(window)) return now
  const guess = now + period - into(now)
  // Where a clock is changed until then, the guess misses by as much.
  const off = into(guess)
  return Math.max(now, guess - (off > period / 2 ? off - period : off))
}

/** `Sat 22:00 to Sun 04:00 Europe/Berlin`. */
export function describeWindow({ from, to, zone }: Window): string {
  return `${from} to ${to} ${zone}`
}

/** Milliseconds since Monday, or since midnight where no weekday is named. */
function placeOf(time: string): number {
  const [, weekday, hour, minute] = /^(?:(\w{3}) )?(\d{2}):(\d{2})$/.exec(time) ?? []
  return (weekday === undefined ? 0 : weekdays.indexOf(weekday) * dayMs) + (Number(hour) * 60 + Number(minute)) * minuteMs
}

function periodOf(time: string): number {
  return time.includes(' ') ? 7 * dayMs : dayMs
}

/** Milliseconds since Monday by the clocks of that zone. */
function localPlace(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
    .formatToParts(at)
    .map(({ type, value }) => [type, value] as const)
  const { weekday = 'Mon', hour, minute, second } = Object.fromEntries(parts)
  return weekdays.indexOf(weekday) * dayMs + (Number(hour) * 60 + Number(minute)) * minuteMs + Number(second) * 1000 + modulo(at, 1000)
}

function modulo(amount: number, by: number): number {
  return ((amount % by) + by) % by
}
