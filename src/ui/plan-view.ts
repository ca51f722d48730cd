// A plan for people: what goes where, why, at what price, and what stands against it.
import type { Money, Plan, PlannedMove } from '../core/plan.ts'
import { describeFreeze } from '../core/plan-freezes.ts'
import type { PricedPlan } from '../core/plan-compare.ts'
import type { ComparedPlan } from '../core/plan-diff.ts'
import { formatDuration } from '../core/units.ts'
import { printable, table } from './table.ts'

export function planView(plan: Plan): string {
  const heading = ['MOVE', 'FROM', 'TO', 'SIZE', 'MONTHLY', 'AFTER']
  const rows = plan.moves.map((move) => [
    move.name,
    `${move.from.provider}/${move.from.name}`,
    `${move.to.provider}${move.to.address === null ? '' : `/${move.to.address}`}`,
    move.to.size || '-',
    money(move.to.monthlyCost),
    move.after.join(' ') || '-',
  ])
  return [
    table([heading, ...rows]),
    '',
    ...plan.moves.flatMap(notesOf),
    ...orderOf(plan),
    ...(plan.freezes ?? []).map(describeFreeze),
    `Together ${money(plan.totals.monthlyCost)} a month${bothSides(plan)}. ${plan.waves.length === 1 ? 'One wave' : `${plan.waves.length} waves`}. Fingerprint ${plan.fingerprint}.`,
  ].join('\n')
}

/** Who is switched after whom, and which limits make somebody wait. */
function orderOf({ waves, moves, limits }: Plan): string[] {
  const order = waves.length > 1 ? [`Switched in this order: ${waves.map((wave) => wave.join(', ')).join('; then ')}.`] : []
  if (limits === undefined) return order
  const made = moves.filter((move) => move.to.address === null)
  return [
    ...order,
    ...beyond(
      moves.map(({ from }) => from.provider),
      limits.perSource,
    ).map(([of, count]) => `Of ${count} moves from ${of} ${limits.perSource} copy at a time (limits: perSource).`),
    ...beyond(
      moves.map(({ to }) => to.provider),
      limits.perTarget,
    ).map(([of, count]) => `Of ${count} moves to ${of} ${limits.perTarget} copy at a time (limits: perTarget).`),
    ...beyond(
      made.map(({ to }) => to.provider),
      limits.startsPerHour,
    ).map(([of, count]) => `Of ${count} nodes at ${of} ${limits.startsPerHour} are made within an hour (limits: startsPerHour).`),
  ]
}

/** The providers with more than so many, and how many. */
function beyond(providers: readonly string[], most: number): readonly (readonly [string, number])[] {
  return [...Map.groupBy(providers, (name) => name)].map(([name, all]) => [name, all.length] as const).filter(([, count]) => count > most)
}

/** What is new since the last plan: a line for each thing that came (+), went (-) or changed (~). */
export function changesView({ since, changes }: ComparedPlan): string {
  if (since === null) return 'There was no plan before.'
  if (changes.length === 0) return `Nothing changed since plan ${since}.`
  const lines = changes.map(({ move, field, before, after }) => {
    if (before === null) return `+ ${move}: ${field} ${printable(after ?? '')}`
    if (after === null) return `- ${move}: ${field} ${printable(before)}`
    return `~ ${move}: ${field} ${printable(before) || 'none'} -> ${printable(after) || 'none'}`
  })
  return [`Since plan ${since}:`, ...lines].join('\n')
}

/** What each move would cost at each target, move by move, then all together, then of when and where from the prices are. */
export function pricesView({ compare, moves }: PricedPlan): string {
  const rows = moves.flatMap(({ name }) =>
    compare.flatMap((offer) =>
      offer.moves.filter((priced) => priced.name === name).map(({ size, monthlyCost }) => [name, placeOf(offer), size ?? 'none fits', money(monthlyCost)]),
    ),
  )
  const sums = moves.length > 1 ? compare.map((offer) => ['together', placeOf(offer), '', money(offer.monthlyCost)]) : []
  return [
    'What it would cost at each target:',
    table([['MOVE', 'AT', 'SIZE', 'MONTHLY'], ...rows, ...sums]),
    '',
    ...compare.map((offer) => `${placeOf(offer)}: figures of ${offer.takenAt}; ${printable(offer.origin)}.`),
  ].join('\n')
}

function placeOf({ provider, kind }: PricedPlan['compare'][number]): string {
  return provider === null ? `${kind}, not configured` : `${provider} (${kind})`
}

function notesOf(move: PlannedMove): string[] {
  return [
    ...move.blockers.flatMap((each) => [`✖ ${move.name}: ${printable(each.text)}`, ...(each.hint === undefined ? [] : [`  Try: ${each.hint}`])]),
    ...move.warnings.map((each) => `! ${move.name}: ${printable(each.text)}`),
    ...move.to.reasons.map((each) => `  ${move.name}: ${each}`),
    ...(move.forecastPauseMs === null ? [] : [`  ${move.name}: clients would wait about ${formatDuration(move.forecastPauseMs)}`]),
    ...(move.to.parked === undefined ? [] : [`  ${move.name}: parked it would be ${alternative(move.to.parked)}`]),
    ...(move.to.alternatives.length === 0 ? [] : [`  ${move.name}: next would be ${move.to.alternatives.map(alternative).join(', ')}`]),
  ]
}

function alternative({ size, monthlyCost }: PlannedMove['to']['alternatives'][number]): string {
  return `${size} (${money(monthlyCost)})`
}

function bothSides({ totals }: Plan): string {
  if (totals.monthlyCost === null) return ''
  if (totals.bothSidesMonthlyCost !== null) return `, ${money(totals.bothSidesMonthlyCost)} with the old side while both are there`
  return '; what the old side costs is not known (from: { monthlyCost: … })'
}

function money(value: Money | null): string {
  return value === null ? 'unknown' : `${value.amount.toFixed(2)} ${value.currency}`
}
