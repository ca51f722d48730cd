// Breadth-first search through everything that can happen: the first breach it meets is one with the fewest events.

export type Happening<State> = { readonly event: string; readonly state: State }

export type Search<State> = {
  readonly start: State
  /** Everything that can happen next, each in words. */
  readonly next: (state: State) => Iterable<Happening<State>>
  /** Two states with one key are the same state. */
  readonly key: (state: State) => string
  /** What a state, or the event that led to it, breaks; null: nothing. */
  readonly broken: (before: State, after: State) => string | null
  /** More states than this is a mistake in the rules. */
  readonly atMost: number
}

export type Found = {
  readonly states: number
  /** What was broken and the events that led there, in order; null: nothing can break. */
  readonly breach: { readonly broken: string; readonly story: readonly string[] } | null
}

type Seen<State> = { readonly state: State; readonly event: string; readonly from: Seen<State> | null }

/** Visits every state that can be reached, or stops at the nearest breach. */
export function search<State>({ start, next, key, broken, atMost }: Search<State>): Found {
  const known = new Set([key(start)])
  const queue: Seen<State>[] = [{ state: start, event: '', from: null }]
  for (let at = 0; at < queue.length; at++) {
    const here = queue[at] as Seen<State>
    for (const { event, state } of next(here.state)) {
      const seen = { state, event, from: here }
      const what = broken(here.state, state)
      if (what !== null) return { states: known.size, breach: { broken: what, story: storyOf(seen) } }
      const name = key(state)
      if (known.has(name)) continue
      known.add(name)
      queue.push(seen)
      if (known.size > atMost) throw new Error(`More than ${atMost} states`)
    }
  }
  return { states: known.size, breach: null }
}

function storyOf<State>(end: Seen<State>): string[] {
  const story: string[] = []
  for (let seen: Seen<State> | null = end; seen?.from; seen = seen.from) story.push(seen.event)
  return story.reverse()
}
