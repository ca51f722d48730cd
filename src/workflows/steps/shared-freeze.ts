// A member of a shared freeze meets the others before its rows of the switch (core/shared-freeze.ts decides). Only waiting is
// added to its steps: whatever becomes of the others, each member alone is as safe as a move that is switched alone, as its
// nodes see to that. For a move that shares no freeze all of this is nothing.
import { sharedEndMs, sharedPauseMs, forecastEndMs, forecastPauseMs } from '../../core/forecast.ts'
import { runbook, type ActionName, type ForwardRow } from '../../core/runbook.ts'
import { isOver, turnIn, undoWaitsFor, type Member } from '../../core/shared-freeze.ts'
import { sleep } from '../../io/wait.ts'
import { gateClosed, type Step } from '../run.ts'
import { companionsOf, roundNow } from './companions.ts'

const meetEveryMs = 20
/** Others may be taken over by another process meanwhile. No client is held yet, or the nodes end it earlier. */
const meetForMs = 90_000
const undoAfterMs = 10_000
const tellAfterMs = 1000

/**
 * Tells the others that all rows before this one are done, and waits until it may begin it. Fails with gate-closed when
 * another member's failure ends this one's attempt, too; with the reason of `lost` when its own node ends it.
 */
export async function meetOthers(step: Step, row: ActionName, lost?: AbortSignal): Promise<void> {
  const { run } = step
  if (run.ports.plan.freeze === undefined || !isForward(row)) return
  await run.services.store.comeTo(run.move, run.token, row)
  const signal = lost === undefined ? step.signal : AbortSignal.any([step.signal, lost])
  const began = performance.now()
  for (let told = ''; ;) {
    const round = await roundNow(run)
    const turn = turnIn(round, run.move, row)
    if (turn.kind === 'go') return
    if (turn.kind === 'stop') throw gateClosed(stopText(turn.because, run.move))
    const waitedMs = performance.now() - began
    const text = waitText(turn.because, round)
    if (waitedMs > meetForMs) throw gateClosed(`${text} It did not go on within ${meetForMs / 1000} s.`)
    if (waitedMs > tellAfterMs && told !== text) await step.say(text)
    told = waitedMs > tellAfterMs ? text : told
    await sleep(meetEveryMs, signal)
    // Waiting for others is not its own time.
    step.restartDeadline()
  }
}

/** Whoever goes back goes alone. */
function isForward(name: ActionName): name is ForwardRow['name'] {
  return runbook.some((row) => row.name === name)
}

function waitText(other: string, round: readonly Member[]): string {
  return `Waits for ${other} of the shared freeze, which is at ${round.find(({ name }) => name === other)?.at ?? 'check-ready'}.`
}

function stopText(because: string, move: string): string {
  return because === move ? 'Its part in the shared freeze is over.' : `The attempt of ${because}, which shares the freeze, ended.`
}

/** What the pause may last from now on, in ms: all members have one budget, which runs since the first of them held clients. */
export async function sharedBudgetLeft({ run, settings, name }: Step): Promise<number> {
  if (run.ports.plan.freeze === undefined || !isForward(name)) return settings.downtimeBudgetMs
  await run.services.store.holdInFreeze(run.move, run.token)
  const companions = (await companionsOf(run)) ?? []
  const round = companions.find((each) => each.name === run.move)?.round
  const heldMs = Math.max(...companions.filter((each) => each.round === round).map((each) => each.heldMs))
  const left = Math.floor(settings.downtimeBudgetMs - heldMs)
  if (left <= 0) throw gateClosed(`The shared pause has used up its ${settings.downtimeBudgetMs / 1000} s before ${run.move} could hold its clients.`)
  return left
}

/** The forecast of the pause, and of its part after this move's seal, in ms; with those that share it and are on their way. */
export async function pauseAhead(step: Step): Promise<{ readonly pauseMs: number; readonly endMs: number }> {
  const { run, facts } = step
  const companions = isForward(step.name) ? await companionsOf(run) : null
  if (companions === null) return { pauseMs: forecastPauseMs(facts), endMs: forecastEndMs(facts) }
  const left = companions.filter((each) => each.run === 'running' && each.serving === 'source')
  const stored = await Promise.all(left.map(async ({ name, after }) => ({ name, after, facts: (await run.services.store.move(name))?.facts ?? facts })))
  return { pauseMs: sharedPauseMs(stored), endMs: sharedEndMs(stored, run.move) }
}

/** Before a member undoes its part: the others hear of it, and what its services need to start is there again, or nearly so. */
export async function undoInOrder(step: Step): Promise<void> {
  const { run } = step
  if (run.ports.plan.freeze === undefined) return
  await run.services.store.leaveRound(run.move, run.token, 'stopped')
  for (const end = performance.now() + undoAfterMs; performance.now() < end;) {
    if (undoWaitsFor(await roundNow(run), run.move) === null) return
    await sleep(meetEveryMs, step.signal)
  }
}

/** What could as well be done later waits until nobody of its round holds clients any more: it would lengthen their pause. */
export async function letFreezeEnd(step: Step): Promise<void> {
  if (!isForward(step.name)) return
  for (const end = performance.now() + meetForMs; performance.now() < end; step.restartDeadline()) {
    if (isOver(await roundNow(step.run))) return
    await sleep(meetEveryMs, step.signal)
  }
}

/** The first of its freeze that is on its way and not switched yet: names wait for the last commit (runbook.md §7). */
export async function notSwitchedYet({ run }: Step): Promise<string | null> {
  const others = (await companionsOf(run)) ?? []
  return others.find((each) => each.run === 'running' && each.serving === 'source' && each.name !== run.move)?.name ?? null
}
