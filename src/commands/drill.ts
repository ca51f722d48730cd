// lifeboat drill [MOVE] [--level LEVEL]: tries standbys. Exit 4 when one does not pass.
import { drillCardSchema, drillLevels, type DrillLevel } from '../core/drill.ts'
import { exitStatusOf, LifeboatError } from '../core/errors.ts'
import { drillView } from '../ui/drill-view.ts'
import { tellFailure } from './failure.ts'
import { answer, say, type GlobalOptions } from './output.ts'
import { inSession, type Session } from './session.ts'

export type DrillOptions = GlobalOptions & { readonly level?: string }

export async function drill(options: DrillOptions, move: string | undefined): Promise<number> {
  const level = levelOf(options.level)
  return await inSession(options, 'all', async (session) => {
    const standbys = Object.entries(session.draft.document.moves).flatMap(([name, { standby }]) => (standby === undefined ? [] : [name]))
    if (move === undefined && standbys.length === 0) throw new LifeboatError('config-invalid', 'No move has a `standby:`, so there is nothing to drill.')
    if (move !== undefined) return await drillOne(session, options, move, level)
    const statuses: number[] = []
    // One after the other, and whatever becomes of one: the others are drilled as well.
    for (const name of standbys) {
      session.signal.throwIfAborted()
      statuses.push(await drillOne(session, options, name, level).catch((error: unknown) => tellFailure(options, error)))
    }
    return statuses.find((status) => status !== 0) ?? 0
  })
}

async function drillOne({ client, context, signal }: Session, options: GlobalOptions, name: string, level: DrillLevel): Promise<number> {
  say(options, `${name}: a drill ${level} begins.`)
  const card = drillCardSchema.parse(await client.post(`/api/v1/moves/${encodeURIComponent(name)}/drill`, { context, level }, signal))
  answer(options.json === true ? JSON.stringify(card) : drillView(card))
  return card.passed ? 0 : exitStatusOf('gate-closed')
}

function levelOf(text = 'D1'): DrillLevel {
  const level = drillLevels.find((each) => each === text)
  if (level !== undefined) return level
  if (text === 'D2' || text === 'D3') throw new LifeboatError('usage', `The level ${text} is not built: --level takes ${drillLevels.join(' or ')}.`)
  throw new LifeboatError('usage', `--level takes ${drillLevels.join(' or ')}, not ${text}.`)
}
