// Time and chance of a simulated world: both come from a seed, and nothing else does.

export type Random = {
  readonly next: () => number
  readonly between: (least: number, most: number) => number
  readonly chance: (share: number) => boolean
  readonly one: <T>(of: readonly T[]) => T
}

/** mulberry32 */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    between: (least, most) => Math.round(least + next() * (most - least)),
    chance: (share) => next() < share,
    one: (of) => of[Math.floor(next() * of.length)] as (typeof of)[number],
  }
}

export type Timeline = { readonly now: () => number; readonly at: (time: number, act: () => void) => void; readonly run: (until: number) => void }

/** Runs what is due in the order of its time; what is due at one time, in the order in which it was asked for. */
export function timelineFrom(start: number): Timeline {
  const due: { readonly time: number; readonly act: () => void }[] = []
  let now = start
  return {
    now: () => now,
    at: (time, act) => {
      const place = due.findLastIndex((each) => each.time <= time) + 1
      due.splice(place, 0, { time: Math.max(time, now), act })
    },
    run: (until) => {
      for (let next = due[0]; next !== undefined && next.time <= until; next = due[0]) {
        due.shift()
        now = next.time
        next.act()
      }
      now = until
    },
  }
}
