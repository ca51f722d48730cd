// What a plan says of moves that are switched as one.
import type { Move } from './move.ts'
import type { Notice } from './node.ts'
import type { Plan, PlannedMove } from './plan.ts'
import { formatDuration } from './units.ts'

/** Each shared freeze of these moves once. The pause is told as if nothing went on side by side: it is that long at most. */
export function freezesOf(wanted: readonly Move[], planned: readonly PlannedMove[]): NonNullable<Plan['freezes']> {
  const all = new Map(
    wanted.flatMap(({ freeze, downtimeBudgetMs }) => (freeze === undefined ? [] : [[freeze.name, { freeze, budgetMs: downtimeBudgetMs }] as const])),
  )
  return [...all.values()].map(({ freeze: { name, members }, budgetMs }) => {
    const pauses = members.map((member) => planned.find((move) => move.name === member)?.forecastPauseMs ?? null)
    const forecastPauseMs = pauses.reduce<number | null>((sum, ms) => (sum === null || ms === null ? null : sum + ms), 0)
    return { name, members: [...members], forecastPauseMs, budgetMs }
  })
}

/** As waves take those that go together. */
export function togetherOf(freezes: Plan['freezes']): ReadonlyMap<string, readonly string[]> {
  return new Map((freezes ?? []).map(({ name, members }) => [`freezes.${name}`, members]))
}

/** Who is held after whom, and how long all of them wait. */
export function describeFreeze({ name, members, forecastPauseMs, budgetMs }: NonNullable<Plan['freezes']>[number]): string {
  const pause = forecastPauseMs === null ? '' : `about ${formatDuration(forecastPauseMs)} at most, `
  return `Switched as one: ${members.join(', then ')} are held, the other way round they are released (freezes.${name}). One pause: ${pause}of a budget of ${formatDuration(budgetMs)}.`
}

export function freezeWarnings({ name, freeze }: Move, moves: readonly Move[]): Notice[] {
  const missing = (freeze?.members ?? []).filter((member) => !moves.some((move) => move.name === member))
  return missing.map((member) => ({
    code: 'freeze-outside',
    severity: 'warning',
    text: `${name} is switched as one with ${member}, which is not part of this plan: it is not switched before that is ready, too.`,
  }))
}
