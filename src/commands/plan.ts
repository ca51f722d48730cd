// lifeboat plan [MOVE…]: exit 4 when something blocks.
import { planSchema } from '../core/plan.ts'
import { planView } from '../ui/plan-view.ts'
import { answer, inSession, type GlobalOptions } from './session.ts'

export async function plan(options: GlobalOptions, moves: readonly string[]): Promise<number> {
  return await inSession(options, 'all', async ({ client, context, signal }) => {
    const made = planSchema.parse(await client.post('/api/v1/plan', { context, moves }, signal))
    answer(options.json === true ? JSON.stringify(made) : planView(made))
    return made.moves.some((move) => move.blockers.length > 0) ? 4 : 0
  })
}
