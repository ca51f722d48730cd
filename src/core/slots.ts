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

/** `full`: what it cannot have now; null: it may take all that it waits for. `ahead`: how many wait for that before it. */
export type Turn = { readonly full: Slot | null; readonly ahead: number }

/** The turn of each move that waits. `line`: who asked first comes first. */
export function turnsIn(line: readonly Place[], limits: Limits): ReadonlyMap<string, Turn> {
  const taken = new Map<string, number>()
  const waiting = new Map<string, number>()
  const count = (counts: Map<string, number>, { slots }: Place): void => {
    for (const slot of slots) counts.set(keyOf(slot), (counts.get(keyOf(slot)) ?? 0) + 1)
  }
  for (const place of line) if (place.held) count(taken, place)
  const turns = new Map<string, Turn>()
  for (const place of line.filter((each) => !each.held)) {
    const full = place.slots.find((slot) => (taken.get(keyOf(slot)) ?? 0) >= capacityOf(slot.kind, limits)) ?? null
    turns.set(place.move, { full, ahead: full === null ? 0 : (waiting.get(keyOf(full)) ?? 0) })
    count(full === null ? taken : waiting, place)
  }
  return turns
}

/** What this move of the line cannot have now; null: it may take all that it waits for. */
export function fullFor(move: string, line: readonly Place[], limits: Limits): Slot | null {
  return turnsIn(line, limits).get(move)?.full ?? null
}

/** Which slots are the same. */
export function keyOf({ kind, of }: Slot): string {
  return `${kind} ${of}`
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
