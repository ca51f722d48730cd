// Which moves go together: everything that a move comes after is in an earlier wave.
import { byCodeUnit } from './canonical.ts'

export type Waves = {
  readonly waves: readonly (readonly string[])[]
  /** The first circle, its start repeated at its end (`a, b, a`: a comes after b, b after a); null: there is none. */
  readonly cycle: readonly string[] | null
}

/** From each move and the names it comes after; names that are no moves here do not count. Sorted, so the same for any order. */
export function wavesOf(after: ReadonlyMap<string, readonly string[]>): Waves {
  const waves: string[][] = []
  const waiting = new Set([...after.keys()].sort(byCodeUnit))
  while (waiting.size > 0) {
    const wave = [...waiting].filter((name) => !after.get(name)?.some((other) => waiting.has(other)))
    if (wave.length === 0) return { waves, cycle: cycleAmong(after, waiting) }
    for (const name of wave) waiting.delete(name)
    waves.push(wave)
  }
  return { waves, cycle: null }
}

/**
 * The same where some go together: each of `together` counts as one, which comes after all that its members come after. A
 * cycle names it by its key.
 */
export function wavesTogether(after: ReadonlyMap<string, readonly string[]>, together: ReadonlyMap<string, readonly string[]>): Waves {
  const ones = new Map([...together].flatMap(([key, members]) => members.map((name) => [name, key] as const)))
  const one = (name: string): string => ones.get(name) ?? name
  const contracted = new Map<string, string[]>()
  for (const [name, others] of after) {
    // Within one it is the freeze that keeps the order.
    const outside = others.map(one).filter((other) => other !== one(name) || !ones.has(name))
    contracted.set(one(name), [...(contracted.get(one(name)) ?? []), ...outside])
  }
  const { waves, cycle } = wavesOf(contracted)
  const members = (key: string): readonly string[] => (together.get(key) ?? [key]).filter((name) => after.has(name))
  return { waves: waves.map((wave) => wave.flatMap(members).sort(byCodeUnit)), cycle }
}

/** Each of those that wait comes after another that waits, so following them must come round. */
function cycleAmong(after: ReadonlyMap<string, readonly string[]>, waiting: ReadonlySet<string>): string[] {
  const path: string[] = []
  let [name] = waiting
  while (name !== undefined && !path.includes(name)) {
    path.push(name)
    name = (after.get(name) ?? []).filter((other) => waiting.has(other)).sort(byCodeUnit)[0]
  }
  const circle = path.slice(path.indexOf(name ?? ''))
  const start = circle.indexOf([...circle].sort(byCodeUnit)[0] ?? '')
  const turned = [...circle.slice(start), ...circle.slice(0, start)]
  return [...turned, ...turned.slice(0, 1)]
}
