// lifeboat plan [MOVE…]: exit 4 when something blocks.
import { planSchema, type Plan } from '../core/plan.ts'
import { pricedPlanSchema } from '../core/plan-compare.ts'
import { comparedPlanSchema } from '../core/plan-diff.ts'
import { changesView, planView, pricesView } from '../ui/plan-view.ts'
import { answer, patiently, type GlobalOptions } from './output.ts'
import { inSession } from './session.ts'

type PlanOptions = GlobalOptions & { readonly diff?: boolean; readonly compare?: boolean }

export async function plan(options: PlanOptions, moves: readonly string[]): Promise<number> {
  return await inSession(options, 'all', async ({ client, context, signal }) => {
    const { diff = false, compare = false } = options
    const made: unknown = await patiently(options, 'the providers', client.post('/api/v1/plan', { context, moves, diff, compare }, signal))
    if (diff) return tell(options, comparedPlanSchema.parse(made), changesView(comparedPlanSchema.parse(made)))
    if (compare) return tell(options, pricedPlanSchema.parse(made), pricesView(pricedPlanSchema.parse(made)))
    return tell(options, planSchema.parse(made), null)
  })
}

function tell(options: GlobalOptions, plan: Plan, more: string | null): number {
  if (options.json === true) answer(JSON.stringify(plan))
  else answer([planView(plan), ...(more === null ? [] : ['', more])].join('\n'))
  return plan.moves.some((move) => move.blockers.length > 0) ? 4 : 0
}
