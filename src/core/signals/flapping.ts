// Whether an alarm comes and goes so often that it tells nothing: as Naemon and Nagios have it. Of the last 20 changes that
// there could have been, how large is the share of those that there were; younger ones count for more. A webhook comes only
// on a change, so that time takes the place of their checks: one every five minutes.

export type Flapping = {
  /** Times of its changes, ascending, in milliseconds. */
  readonly changes: readonly number[]
  readonly isFlapping: boolean
}

export const steady: Flapping = { changes: [], isFlapping: false }

const slots = 20
/** What is older counts for nothing. */
export const flapWindowMs = slots * 300_000
const [oldest, youngest] = [0.75, 1.25]
const [low, high] = [0.05, 0.2]

/** How it is at a time (milliseconds); between the two limits it stays what it was. */
export function flappingAt(before: Flapping, now: number): Flapping {
  const changes = before.changes.filter((at) => at > now - flapWindowMs)
  const share = changes.reduce((sum, at) => sum + oldest + (youngest - oldest) * Math.min(1, 1 - (now - at) / flapWindowMs), 0) / slots
  return { changes, isFlapping: share > high || (before.isFlapping && share >= low) }
}

/** How it is after a change at this time. More changes than could count are not kept. */
export function afterChange(before: Flapping, at: number): Flapping {
  const now = Math.max(at, before.changes.at(-1) ?? at)
  const until = flappingAt(before, now)
  return flappingAt({ ...until, changes: [...until.changes, at].toSorted((a, b) => a - b).slice(-slots) }, now)
}
