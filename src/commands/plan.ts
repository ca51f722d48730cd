// lifeboat plan [MOVE…]: exit 4 when something blocks.
import { planSchema, type Plan } from '../core/plan.ts'
import { comparedPlanSchema } from '../core/plan-diff.ts'
import { changesView, planView } from '../ui/plan-view.ts'
import { answer, patiently, type GlobalOptions } from './output.ts'
import { inSession } from './session.ts'

type PlanOptions = GlobalOptions & { readonly diff?: boolean }

export async function plan(options: PlanOptions, moves: readonly string[]): Promise<number> {
  return await inSession(options, 'all', async ({ client, context, signal }) => {
    const diff = options.diff === true
    const made: unknown = await patiently(options, 'the providers', client.post('/api/v1/plan', { context, moves, diff }, signal))
    return tell(options, diff ? comparedPlanSchema.parse(made) : planSchema.parse(made), diff ? changesView(comparedPlanSchema.parse(made)) : null)
  })
}

function tell(options: GlobalOptions, plan: Plan, changes: string | null): number {
  if (options.json === true) answer(JSON.stringify(plan))
  else answer([planView(plan), ...(changes === null ? [] : ['', changes])].join('\n'))
  return plan.moves.some((move) => move.blockers.length > 0) ? 4 : 0
}
