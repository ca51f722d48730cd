// What changed between two plans, as a reviewer wants to see it: by move and by what a person decides on.
import { z } from 'zod'
import { byCodeUnit } from './canonical.ts'
import { planSchema, type Money, type Plan, type PlannedMove } from './plan.ts'

const change = z.object({ move: z.string(), field: z.string(), before: z.string().nullable(), after: z.string().nullable() })

/** `lifeboat.plan/1` with what is new in it. `since`: fingerprint of the plan before; null: there was none. */
export const comparedPlanSchema = planSchema.extend({ since: z.string().nullable(), changes: z.array(change) })
export type ComparedPlan = Readonly<z.infer<typeof comparedPlanSchema>>
export type PlanChange = Readonly<z.infer<typeof change>>

/** Compares with the plan before. A move that only the plan before has was dropped, unless other moves were asked for. */
export function comparePlans(before: Plan | null, after: Plan, asked: 'all' | 'some'): ComparedPlan {
  const changes = (before === null ? [] : [...after.moves.flatMap((move) => changesOf(named(before, move.name), move)), ...dropped(before, after, asked)]).sort(
    (one, other) => byCodeUnit(one.move, other.move) || byCodeUnit(one.field, other.field) || byCodeUnit(one.after ?? '', other.after ?? ''),
  )
  return { ...after, since: before?.fingerprint ?? null, changes }
}

function named(plan: Plan, name: string): PlannedMove | null {
  return plan.moves.find((move) => move.name === name) ?? null
}

function dropped(before: Plan, after: Plan, asked: 'all' | 'some'): PlanChange[] {
  if (asked === 'some') return []
  return before.moves.filter(({ name }) => named(after, name) === null).map(({ name }) => ({ move: name, field: 'move', before: 'planned', after: null }))
}

function changesOf(before: PlannedMove | null, after: PlannedMove): PlanChange[] {
  if (before === null) return [{ move: after.name, field: 'move', before: null, after: 'planned' }]
  const [was, is] = [fieldsOf(before), fieldsOf(after)]
  const fields = Object.keys(is).filter((field) => was[field] !== is[field])
  const values = fields.map((field): PlanChange => ({ move: after.name, field, before: was[field] ?? null, after: is[field] ?? null }))
  return [...values, ...notesOf('blocker', before.blockers, after), ...notesOf('warning', before.warnings, after)]
}

/** What a person decides on, each as one text. */
function fieldsOf({ from, to, path, after, freeze, ports, roots }: PlannedMove): Readonly<Record<string, string>> {
  return {
    source: `${from.provider}/${from.id} at ${from.address}`,
    target: to.address === null ? to.provider : `${to.provider} at ${to.address}`,
    size: to.size,
    parked: to.parked?.size ?? '',
    image: to.image,
    volume: `${to.volumeGiB} GiB`,
    cost: moneyText(to.monthlyCost),
    path,
    after: after.join(' '),
    freeze: freeze?.members.join(' ') ?? '',
    ports: ports.map(({ port, protocol }) => `${port}/${protocol}`).join(' '),
    data: roots.join(' '),
  }
}

type Note = { readonly text: string }

/** Blockers and warnings come and go as a whole. */
function notesOf(field: 'blocker' | 'warning', before: readonly Note[], move: PlannedMove): PlanChange[] {
  const now: readonly Note[] = field === 'blocker' ? move.blockers : move.warnings
  const gone = before.filter(({ text }) => !now.some((note) => note.text === text))
  const come = now.filter(({ text }) => !before.some((note) => note.text === text))
  return [
    ...gone.map(({ text }): PlanChange => ({ move: move.name, field, before: text, after: null })),
    ...come.map(({ text }): PlanChange => ({ move: move.name, field, before: null, after: text })),
  ]
}

function moneyText(money: Money | null): string {
  return money === null ? 'unknown' : `${money.amount.toFixed(2)} ${money.currency}`
}
