// How many moves may do the same thing at the same time: copy from one source or to one target, begin at one target within
// an hour, hold clients of one source. Who asked first goes first, but nobody waits behind one that could not go now anyway.

/** Of lifeboat.yaml; `linkMbps` is shared by all that copy (megabits a second). */
export type Limits = { readonly perSource: number; readonly perTarget: number; readonly startsPerHour: number; readonly linkMbps?: number | undefined }

/** `link`: whoever copies now, however many. Stored names. */
export type SlotKind = 'source' | 'target' | 'start' | 'hold' | 'link'
/** One of the places of a kind that a provider has. */
export type Slot = { readonly kind: SlotKind; readonly of: string }
/** What one move has, or waits for: all of it or nothing. */
export type Place = { readonly move: string; readonly slots: readonly Slot[]; readonly held: boolean }

/** How many places of a kind each provider has. */
export function capacityOf(kind: SlotKind, limits: Limits): number {
  return { source: limits.perSource, target: limits.perTarget, start: limits.startsPerHour, hold: 1, link: Infinity }[kind]
}

/** What this move of the line cannot have now; null: it may take all that it waits for. `line`: who asked first comes first. */
export function fullFor(move: string, line: readonly Place[], limits: Limits): Slot | null {
  const taken = new Map<string, number>()
  const isFull = ({ kind, of }: Slot): boolean => (taken.get(`${kind} ${of}`) ?? 0) >= capacityOf(kind, limits)
  const take = ({ slots }: Place): void => {
    for (const { kind, of } of slots) taken.set(`${kind} ${of}`, (taken.get(`${kind} ${of}`) ?? 0) + 1)
  }
  line.filter((place) => place.held).forEach(take)
  for (const place of line.filter((each) => !each.held)) {
    const full = place.slots.find(isFull)
    if (place.move === move) return full ?? null
    if (full === undefined) take(place)
  }
  return null
}

const words = {
  source: ['moves that copy from', 'at the same time (limits: perSource)'],
  target: ['moves that copy to', 'at the same time (limits: perTarget)'],
  start: ['moves that begin at', 'within an hour (limits: startsPerHour)'],
  hold: ['moves that hold clients of', 'at the same time'],
  link: ['moves that copy over', 'at the same time'],
} as const satisfies Record<SlotKind, readonly [string, string]>

/** What a move waits for, in a sentence. */
export function describeWait(slot: Slot, limits: Limits): string {
  const [what, when] = words[slot.kind]
  return `Waits for one of the ${capacityOf(slot.kind, limits)} places of ${what} ${slot.of} ${when}.`
}
