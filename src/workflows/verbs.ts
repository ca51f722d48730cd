// What the story of migrate.ts is told with: each verb a durable step.
import { DBOS } from '@dbos-inc/dbos-sdk'
import { LifeboatError } from '../core/errors.ts'
import type { StepName } from '../core/runbook.ts'
import { noFacts, otherSide, type SideName } from '../core/stored-move.ts'
import { sleep } from '../io/wait.ts'
import type { Seen, Verbs } from './migrate.ts'
import { perform, type Result, type Run } from './run.ts'
import { leaveTurn } from './steps/companions.ts'
import { actions } from './steps/index.ts'
import { mustFollow } from './steps/shared-freeze.ts'
import { unlessStopped } from './stopped.ts'

const verdictWithinMs = 5000
const restMs = { first: 1000, most: 15_000 } as const

export function verbsOf(run: Run): Verbs {
  const durable = async <T>(name: string, act: () => Promise<T>): Promise<T> => await DBOS.runStep(async () => await unlessStopped(run, act), { name })
  return {
    step: async (name) => await durable(name, async () => await perform(run, name, actions[name])),
    undo: async (name) => await durable(name, async () => await undoPatiently(run, name)),
    look: async () => await durable('look', async () => await lookNow(run)),
    noteUndone: async (at, serves) => await durable('note', async () => await noteUndone(run, at, serves)),
    takeRollback: async () => await durable('take-rollback', async () => await takeRollback(run)),
    rest: async (tries) => await durable('rest', async () => await restOrBack(run, tries)),
  }
}

async function answers(run: Run, side: SideName): Promise<boolean> {
  const facts = (await run.services.store.move(run.move))?.facts ?? noFacts
  try {
    const link = await run.ports.link(side, facts)
    await link.call({ op: 'hello' }, AbortSignal.any([run.stop, AbortSignal.timeout(verdictWithinMs)]))
    return true
  } catch (error) {
    run.stop.throwIfAborted()
    return error instanceof LifeboatError && error.details['refused'] === true
  }
}

/** Since when that is so is kept. */
async function noteSilentTarget(run: Run): Promise<void> {
  const since = (await run.services.store.move(run.move))?.facts.targetSilentSince ?? new Date().toISOString()
  await run.services.store.learn(run.move, { targetSilentSince: since }, run.token)
}

async function lookNow(run: Run): Promise<Seen> {
  const serving = await servingNow(run)
  const { seal, fence } = (await run.services.store.move(run.move))?.facts ?? noFacts
  return { serving, sealed: seal !== null, fenced: fence !== null }
}

/** Says that an attempt ended; whose turn it had is over. */
export async function noteUndone(run: Run, at: StepName, serves: SideName): Promise<boolean> {
  await leaveTurn(run, null)
  // Whoever asked while the way back was tried has had that try, and hears of its end by this record.
  if (serves === 'target') await takeRollback(run)
  const isSilent = !(await answers(run, serves))
  const isFollowing = serves === 'target' && !isSilent && (await mustFollow(run))
  const ended = isSilent ? `The attempt ended at ${at}; the ${serves}, which served, does not answer.` : `The attempt ended at ${at}; the ${serves} serves on.`
  const [more, details] = isFollowing ? [' Others of its freeze are back, so it is tried again.', { again: true }] : ['', {}]
  if (serves === 'target' && isSilent) await noteSilentTarget(run)
  await run.services.journal.append({
    move: run.move,
    run: run.run,
    step: 'attempt',
    state: 'undone',
    text: `${ended}${more}`,
    details: { at, serves, isSilent, ...details },
  })
  return isFollowing
}

async function takeRollback(run: Run): Promise<void> {
  await run.services.signals.take(run.move, run.run, 'rollback')
  run.rearm()
}

/** The side that serves: as stored, unless the other one says that the last attempt was committed there. */
async function servingNow(run: Run): Promise<SideName> {
  const facts = (await run.services.store.move(run.move))?.facts ?? noFacts
  const receiver = otherSide(facts.serving)
  if (facts.target === null || facts.attempt === 0) return facts.serving
  try {
    const link = await run.ports.link(receiver, facts)
    const verdict = await link.call({ op: 'verdict', attempt: facts.attempt }, AbortSignal.any([run.stop, AbortSignal.timeout(verdictWithinMs)]))
    if (verdict['value'] !== 'committed') return facts.serving
    await run.services.store.learn(run.move, { serving: receiver, seal: null, stragglers: 0 }, run.token)
    return receiver
  } catch {
    run.stop.throwIfAborted()
    return facts.serving
  }
}

/** Three tries: a node that stays silent undoes its part alone, and the next undo must not wait for it for ever. */
async function undoPatiently(run: Run, name: Parameters<Verbs['undo']>[0]): Promise<Result> {
  for (let tries = 1; ; tries++) {
    const result = await perform(run, name, actions[name], 'undo')
    if (result.state === 'done' || tries === 3) return result
    await sleep(1000, run.stop)
  }
}

async function restOrBack(run: Run, tries: number): Promise<boolean> {
  const ms = Math.min(restMs.most, restMs.first * 2 ** (tries - 1))
  const either = AbortSignal.any([run.stop, run.rollbackAsked()])
  await sleep(ms, either).catch(() => undefined)
  run.stop.throwIfAborted()
  return run.rollbackAsked().aborted
}
