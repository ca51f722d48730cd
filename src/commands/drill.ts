// lifeboat drill [MOVE] [--level LEVEL]: tries standbys. Exit 4 when one does not pass.
import { drillCardSchema, drillLevels, type DrillLevel } from '../core/drill.ts'
import { exitStatusOf, LifeboatError } from '../core/errors.ts'
import { drillView } from '../ui/drill-view.ts'
import { confirm } from '../ui/prompts.ts'
import { tellFailure } from './failure.ts'
import { answer, say, type GlobalOptions } from './output.ts'
import { inSession, type Session } from './session.ts'

export type DrillOptions = GlobalOptions & { readonly level?: string }

export async function drill(options: DrillOptions, move: string | undefined): Promise<number> {
  const level = levelOf(options.level)
  return await inSession(options, 'all', async (session) => {
    const standbys = Object.entries(session.draft.document.moves).flatMap(([name, { standby }]) => (standby === undefined ? [] : [name]))
    if (move === undefined && standbys.length === 0) throw new LifeboatError('config-invalid', 'No move has a `standby:`, so there is nothing to drill.')
    if (level === 'D3') await sure(session, options, move)
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

/** Clients notice this one. */
async function sure({ signal }: Session, options: GlobalOptions, move: string | undefined): Promise<void> {
  if (move === undefined) throw new LifeboatError('usage', 'The level D3 switches clients: name the move.')
  const message = `Switch the clients of ${move} to its standby and back? They are held twice for a moment.`
  if (options.yes !== true && !(await confirm({ message, flag: '--yes', signal }))) throw new LifeboatError('not-now', 'Nothing was changed.')
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
  throw new LifeboatError('usage', `--level takes ${drillLevels.join(', ')}, not ${text}.`)
}
