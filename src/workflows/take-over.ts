// What an execution does before its first effect: both sides that are prepared hear of it, so that nobody older acts on them
// any more, and a database that is an older copy than the nodes know of moves nothing (runbook.md V6).
import { LifeboatError, codeOf, messageOf } from '../core/errors.ts'
import { otherSide, sides, type MoveFacts, type SideName } from '../core/stored-move.ts'
import type { Ending } from './migrate.ts'
import { claimNode, type Run } from './run.ts'

const answerWithinMs = 10_000

/** Null: it may go on. */
export async function takeOver(run: Run): Promise<Ending | null> {
  const stored = await run.services.store.move(run.move)
  if (stored === null) return null
  const { facts } = stored
  if (facts.behind !== null) return refusal(isBehind(run.move, facts.behind))
  if (facts.target === null) return null
  const refused = (await Promise.all(sides.map(async (side) => await claimSide(run, side, facts)))).find((error) => error !== null)
  if (refused !== undefined) return refusal(refused)
  return facts.isAdopting ? await adopt(run, facts) : null
}

/** The sentence for whoever wants to move something from an older copy again. */
export function isBehind(move: string, highest: number): LifeboatError {
  return new LifeboatError('database-behind', `A node has seen token ${highest} of ${move}, which this database never gave out.`, { details: { highest } })
}

function refusal(error: LifeboatError): Ending {
  return { state: 'failed', step: 'check-source', code: error.code, text: messageOf(error) }
}

/** What forbids to go on; null: nothing. A side that cannot be reached now is claimed by the first step that needs it. */
async function claimSide(run: Run, side: SideName, facts: MoveFacts): Promise<LifeboatError | null> {
  try {
    const link = await run.ports.link(side, facts)
    await claimNode(run, link, AbortSignal.any([run.stop, AbortSignal.timeout(answerWithinMs)]))
    run.claimed.add(side)
    return null
  } catch (error) {
    run.stop.throwIfAborted()
    return error instanceof LifeboatError && ['database-behind', 'owned-by-other'].includes(codeOf(error)) ? error : null
  }
}

/** What is stored is of before: the side that is open serves, and attempts go on from the highest that both have seen. */
async function adopt(run: Run, facts: MoveFacts): Promise<Ending | null> {
  try {
    const hellos = await Promise.all(sides.map(async (side) => await hello(run, side, facts)))
    const [source, target] = hellos.map(({ role }) => role === 'open')
    if (source === target)
      return refusal(new LifeboatError('not-now', `Of ${run.move} ${source === true ? 'both sides are' : 'no side is'} open: which one serves is not known.`))
    const serving: SideName = source === true ? 'source' : 'target'
    const attempt = Math.max(facts.attempt, ...hellos.map((each) => Number(each['attempt'] ?? 0)))
    // Of what was copied and compared nothing is known any more.
    const unknown = { boots: { source: '', target: '' }, audited: null, seal: null, heldAt: null }
    await run.services.store.learn(run.move, { serving, attempt, ...unknown, isAdopting: false }, run.token)
    const text = `This database is taken for the newest: the ${serving} of ${run.move} serves, the ${otherSide(serving)} is closed.`
    await run.services.journal.append({ move: run.move, run: run.run, step: 'move', state: 'progress', text, details: { serving, attempt } })
    return null
  } catch (error) {
    run.stop.throwIfAborted()
    if (!(error instanceof LifeboatError)) throw error
    return refusal(error)
  }
}

async function hello(run: Run, side: SideName, facts: MoveFacts) {
  const link = await run.ports.link(side, facts)
  return await link.call({ op: 'hello' }, AbortSignal.any([run.stop, AbortSignal.timeout(answerWithinMs)]))
}
