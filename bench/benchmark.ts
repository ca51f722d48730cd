// What a benchmark is, and how one is measured: all contestants in turn within each round, so that a machine that slows
// down slows all of them, and of each the median.

export type Goal = {
  /** Whom ours is measured against, as it is called in the result; null: only itself. */
  readonly opponent: string | null
  /** As people read it: `<=1.25x`. */
  readonly text: string
  /** `theirs` is NaN without an opponent. */
  readonly holds: (ours: number, theirs: number) => boolean
}

export type Stage = {
  /** By name, `ours` among them. Each call measures once and answers the figure. */
  readonly contestants: Readonly<Record<string, (signal: AbortSignal) => Promise<number>>>
  readonly close: () => Promise<void>
}

export type Case = {
  readonly name: string
  readonly unit: string
  readonly rounds: number
  /** Whether it belongs to `--quick`, too; there it is measured once. */
  readonly quick: boolean
  readonly goals: readonly Goal[]
  /** What the figure covers, and what of it is not real. */
  readonly notes: string
  readonly prepare: (signal: AbortSignal) => Promise<Stage>
}

/** One question about speed or memory. Less is better in every case. */
export type Benchmark = { readonly name: string; readonly says: string; readonly cases: readonly Case[] }

/** `lifeboat.bench/1`: one line for each goal of a case. */
export type Line = {
  readonly schema: 'lifeboat.bench/1'
  readonly name: string
  readonly case: string
  readonly unit: string
  readonly ours: number
  readonly theirs: number | null
  readonly opponent: string | null
  /** How many times better than the opponent; null also where ours is nothing at all. */
  readonly ratio: number | null
  readonly goal: string
  readonly holds: boolean
  readonly rounds: number
  readonly notes: string
}

const caseMs = 30 * 60_000

/** At most so many times what the opponent needs. */
export function within(times: number, opponent: string): Goal {
  return { opponent, text: `<=${times}x`, holds: (ours, theirs) => ours <= theirs * times }
}

/** At least so many times better than the opponent. */
export function better(times: number, opponent: string): Goal {
  return { opponent, text: `>=${times}x`, holds: (ours, theirs) => theirs >= ours * times }
}

export function atMost(limit: number): Goal {
  return { opponent: null, text: `<=${limit}`, holds: (ours) => ours <= limit }
}

export function below(limit: number): Goal {
  return { opponent: null, text: `<${limit}`, holds: (ours) => ours < limit }
}

/** Measures a case; `tell` hears each figure. */
export async function measure(name: string, one: Case, isQuick: boolean, tell: (text: string) => void): Promise<Line[]> {
  const signal = AbortSignal.timeout(caseMs)
  const rounds = isQuick ? 1 : one.rounds
  const stage = await one.prepare(signal)
  const contestants = Object.entries(stage.contestants)
  const figures = new Map<string, number[]>(contestants.map(([who]) => [who, []]))
  try {
    for (let round = 0; round < rounds; round += 1) {
      // Each round begins with another one, or the first would always find the coldest machine.
      for (const [who, run] of [...contestants.slice(round % contestants.length), ...contestants.slice(0, round % contestants.length)]) {
        const figure = await run(signal)
        figures.get(who)?.push(figure)
        tell(`${name} ${one.name}: round ${round + 1} of ${rounds}, ${who} ${rounded(figure)} ${one.unit}`)
      }
    }
  } finally {
    await stage.close()
  }
  return linesOf(name, one, rounds, (who) => median(figures.get(who) ?? []))
}

/** What the medians of a case say about its goals. */
export function linesOf(name: string, one: Pick<Case, 'name' | 'unit' | 'goals' | 'notes'>, rounds: number, medianOf: (who: string) => number): Line[] {
  const ours = medianOf('ours')
  return one.goals.map(({ opponent, text, holds }) => {
    const theirs = opponent === null ? Number.NaN : medianOf(opponent)
    return {
      schema: 'lifeboat.bench/1',
      name,
      case: one.name,
      unit: one.unit,
      ours: rounded(ours),
      theirs: opponent === null ? null : rounded(theirs),
      opponent,
      ratio: opponent === null || ours === 0 ? null : rounded(theirs / ours),
      goal: text,
      holds: holds(ours, theirs),
      rounds,
      notes: one.notes,
    }
  })
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2
}

/** Three digits that matter. */
export function rounded(figure: number): number {
  return Number(figure.toPrecision(3))
}
