// The same moves priced at every target: at the providers of the configuration, and by the lists of kinds that are not in it.
import { z } from 'zod'
import { findNode } from './find-node.ts'
import type { Move } from './move.ts'
import { completed } from './plan-inside.ts'
import { costOf } from './plan-cost.ts'
import { inventoryOf, needOf, volumeFor, type PlanRequest } from './plan-moves.ts'
import { moneySchema, planSchema, type Catalog, type Plan, type PlannedMove } from './plan.ts'
import { chooseSize, type Need } from './sizing.ts'
import { addMoney } from './units.ts'

const pricedMove = z.object({ name: z.string(), size: z.string().nullable(), monthlyCost: moneySchema.nullable(), reasons: z.array(z.string()) })

/** `provider`: null for the list of a kind that is not configured. `size`: null where nothing carries the node. Costs: null as soon as a part is not known. */
const offer = z.object({
  provider: z.string().nullable(),
  kind: z.string(),
  takenAt: z.string(),
  origin: z.string(),
  moves: z.array(pricedMove),
  monthlyCost: moneySchema.nullable(),
})

/** `lifeboat.plan/1` with what it would cost elsewhere. */
export const pricedPlanSchema = planSchema.extend({ compare: z.array(offer) })
export type PricedPlan = Readonly<z.infer<typeof pricedPlanSchema>>
export type PricedMove = Readonly<z.infer<typeof pricedMove>>

export type PricedAt = { readonly provider: string | null; readonly catalog: Catalog }

/** Prices a plan at each of these, in their order. `request`: what the plan was made from. */
export function comparePrices(plan: Plan, request: PlanRequest, targets: readonly PricedAt[]): PricedPlan {
  const asked = plan.moves.flatMap((planned) => {
    const move = request.moves.find(({ name }) => name === planned.name)
    return move === undefined ? [] : [wantedOf(move, planned, request)]
  })
  const compare = targets.map(({ provider, catalog }) => {
    const moves = asked.map((wanted) => pricedAt(wanted, provider, catalog))
    const { kind, takenAt, origin } = catalog
    return { provider, kind, takenAt, origin, moves, monthlyCost: addMoney(moves.map(({ monthlyCost }) => monthlyCost)) }
  })
  return { ...plan, compare }
}

type Wanted = { readonly planned: PlannedMove; readonly wish: string; readonly need: Need; readonly volumeGiB: number }

/** A size that was named at its own target stands elsewhere for what it has: so many vCPU, so much memory, steady or not. */
function wantedOf(move: Move, planned: PlannedMove, request: PlanRequest): Wanted {
  const node = completed(findNode(inventoryOf(move.from.provider, request), move.from))
  const volumeGiB = move.to.diskGiB ?? volumeFor(node)
  const need = needOf(node)
  const isByRule = move.to.size === 'auto' || move.to.size === 'fit'
  if (isByRule) return { planned, wish: move.to.size, need, volumeGiB }
  const named = request.catalogs[move.to.provider]?.sizes.find(({ name }) => name === move.to.size)
  if (named === undefined) return { planned, wish: 'auto', need, volumeGiB }
  const { cpus, memoryMiB, burstable } = named
  return { planned, wish: burstable ? 'fit' : 'auto', need: { ...need, cpus, memoryMiB, use: null }, volumeGiB }
}

function pricedAt({ planned, wish, need, volumeGiB }: Wanted, provider: string | null, catalog: Catalog): PricedMove {
  const { name, to } = planned
  if (provider === to.provider) return { name, size: to.size, monthlyCost: to.monthlyCost, reasons: to.reasons }
  const { size, reasons } = chooseSize(wish, need, catalog)
  return { name, size: size?.name ?? null, monthlyCost: size && costOf(size, volumeGiB, catalog), reasons: [...reasons] }
}
