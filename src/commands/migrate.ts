// lifeboat migrate [MOVE…]: shows the plan, begins, watches until every move is switched and waits for finish.
import { z } from 'zod'
import { LifeboatError } from '../core/errors.ts'
import { planSchema } from '../core/plan.ts'
import { counted } from '../core/units.ts'
import { planView } from '../ui/plan-view.ts'
import { confirm } from '../ui/prompts.ts'
import { parseTime } from './time.ts'
import { answer, patiently, say, type GlobalOptions } from './output.ts'
import { inSession, type Session } from './session.ts'
import { watchRuns } from './watch-runs.ts'

export type MigrateOptions = GlobalOptions & {
  readonly plan?: string
  readonly at?: string
  readonly rehearse?: boolean
  readonly detach?: boolean
  readonly databaseIsNewest?: boolean
}

const begunSchema = z.array(z.object({ move: z.string(), run: z.number(), attached: z.boolean() }))

export async function migrate(options: MigrateOptions, moves: readonly string[]): Promise<number> {
  return await inSession(options, 'all', async (session) => await migrateIn(session, options, moves))
}

/** The same within a session that is open already (the menu has one). */
export async function migrateIn(session: Session, options: MigrateOptions, moves: readonly string[]): Promise<number> {
  const { client, context, signal } = session
  const notBefore = timeOf(options.at)
  const fingerprint = options.plan ?? (await agreedPlan(session, options, moves))
  const rehearse = options.rehearse === true
  // Whoever wants to see a rehearsal decides after it: `--yes` answers the questions before it only.
  const approval = options.yes === true && !rehearse ? 'at-once' : 'person'
  const { seq } = z.object({ seq: z.number() }).parse(await client.get('/api/v1/seq', signal))
  const body = { context, moves, fingerprint, approval, notBefore, rehearse, isNewest: options.databaseIsNewest === true }
  const begun = begunSchema.parse(await client.post('/api/v1/moves', body, signal))
  for (const { move, attached } of begun) if (attached) say(options, `${move} runs already${notBefore === null ? '' : ' (--at changes nothing)'}; watching it.`)
  if (options.detach === true) {
    answer(options.json === true ? JSON.stringify(begun) : `${counted(begun.length, 'move')} under way. See with: lifeboat status --follow`)
    return 0
  }
  return rehearse ? await watchRuns(session, options, begun, 'rehearsed', seq) : await watchRuns(session, options, begun, 'switched')
}

function timeOf(text: string | undefined): string | null {
  if (text === undefined) return null
  const at = parseTime(text, Date.now())
  if (at === null) throw new LifeboatError('usage', `--at ${text} is no time like 22:00, "2026-12-01 22:00" or 2026-12-01T22:00Z.`)
  if (at < Date.now()) throw new LifeboatError('usage', `--at ${text} has passed.`)
  return new Date(at).toISOString()
}

/** Shows the plan and asks, unless all of it runs already or --yes was given. Its fingerprint goes along, so that nothing else is done. */
async function agreedPlan({ client, context, signal }: Session, options: MigrateOptions, moves: readonly string[]): Promise<string | null> {
  const status = z.object({ moves: z.array(z.object({ name: z.string(), state: z.string() })) }).parse(await client.get('/api/v1/status', signal))
  const atRest = new Set(['failed', 'rolled-back', 'finished'])
  const running = status.moves.filter((move) => !atRest.has(move.state)).map((move) => move.name)
  if (moves.length > 0 && moves.every((name) => running.includes(name))) return null
  const plan = planSchema.parse(await patiently(options, 'the providers', client.post('/api/v1/plan', { context, moves }, signal)))
  if (options.yes === true || options.json === true || process.stdin.isTTY !== true) return plan.fingerprint
  say(options, planView(plan))
  if (await confirm({ message: `Begin? Nothing is switched before you approve it.`, flag: '--yes', signal })) return plan.fingerprint
  throw new LifeboatError('not-now', 'Nothing was begun.')
}
