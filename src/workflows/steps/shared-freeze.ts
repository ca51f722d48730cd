// A member of a shared freeze meets the others before its rows of the switch (core/shared-freeze.ts decides). Only waiting is
// added to its steps: whatever becomes of the others, each member alone is as safe as a move that is switched alone, as its
// nodes see to that. For a move that shares no freeze all of this is nothing.
import { sharedEndMs, sharedPauseMs, forecastEndMs, forecastPauseMs } from '../../core/forecast.ts'
import { isOnTheWayBack, isRow, type ActionName } from '../../core/runbook.ts'
import { isHalfDone, isOver, turnIn, undoWaitsFor, type Member } from '../../core/shared-freeze.ts'
import { sleep } from '../../io/wait.ts'
import { gateClosed, type Action, type Run, type Step } from '../run.ts'
import { companionsOf, roundFor, roundNow } from './companions.ts'
import { recordsOfRun } from './waiting.ts'

const meetEveryMs = 20
/** Others may be taken over by another process meanwhile. No client is held yet, or the nodes end it earlier. */
const meetForMs = 90_000
const undoAfterMs = 10_000
const tellAfterMs = 1000
/** A person decides then. */
const followsAtMost = 2

/**
 * Tells the others that all rows before this one are done, and waits until it may begin it. Fails with gate-closed when
 * another member's failure ends this one's attempt, too; with the reason of `lost` when its own node ends it.
 */
export async function meetOthers(step: Step, row: ActionName, lost?: AbortSignal): Promise<void> {
  const { run } = step
  if (!isRow(row) || (await roundFor(run, row)) === null) return
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

function waitText(other: string, round: readonly Member[]): string {
  return `Waits for ${other} of the shared freeze, which is at ${round.find(({ name }) => name === other)?.at ?? 'check-ready'}.`
}

function stopText(because: string, move: string): string {
  return because === move ? 'Its part in the shared freeze is over.' : `The attempt of ${because}, which shares the freeze, ended.`
}

/** What the pause may last from now on, in ms: all members have one budget, which runs since the first of them held clients. */
export async function sharedBudgetLeft({ run, settings, name }: Step): Promise<number> {
  if ((await roundFor(run, name)) === null) return settings.downtimeBudgetMs
  await run.services.store.holdInFreeze(run.move, run.token)
  const heldMs = Math.max(0, ...((await roundFor(run, name)) ?? []).map((each) => each.heldMs))
  const left = Math.floor(settings.downtimeBudgetMs - heldMs)
  if (left <= 0) throw gateClosed(`The shared pause has used up its ${settings.downtimeBudgetMs / 1000} s before ${run.move} could hold its clients.`)
  return left
}

/** The forecast of the pause, and of its part after this move's seal, in ms; with those that share it and are on their way. */
export async function pauseAhead(step: Step): Promise<{ readonly pauseMs: number; readonly endMs: number }> {
  const { run, facts } = step
  const isBack = isOnTheWayBack(step.name)
  const companions = isBack ? await roundFor(run, step.name) : await companionsOf(run)
  if (companions === null) return { pauseMs: forecastPauseMs(facts), endMs: forecastEndMs(facts) }
  const left = companions.filter((each) => each.run === 'running' && each.serving === (isBack ? 'target' : 'source'))
  const stored = await Promise.all(left.map(async ({ name, after }) => ({ name, after, facts: (await run.services.store.move(name))?.facts ?? facts })))
  return { pauseMs: sharedPauseMs(stored), endMs: sharedEndMs(stored, run.move) }
}

/** Before a member undoes its part: the others hear of it, and what its services need to start is there again, or nearly so. */
export async function undoInOrder(step: Step): Promise<void> {
  const { run } = step
  if ((await roundFor(run, step.name)) === null) return
  await run.services.store.leaveRound(run.move, run.token, 'stopped')
  for (const end = performance.now() + undoAfterMs; performance.now() < end;) {
    if (undoWaitsFor(await roundNow(run), run.move) === null) return
    await sleep(meetEveryMs, step.signal)
  }
}

/** What could as well be done later waits until nobody of its round holds clients any more: it would lengthen their pause. */
export async function letFreezeEnd(step: Step): Promise<void> {
  if ((await roundFor(step.run, step.name)) === null) return
  for (const end = performance.now() + meetForMs; performance.now() < end; step.restartDeadline()) {
    if (isOver(await roundNow(step.run))) return
    await sleep(meetEveryMs, step.signal)
  }
}

/** An action that waits for that. */
export function onceFreezeEnds(act: Action): Action {
  return async (step) => {
    await letFreezeEnd(step)
    return await act(step)
  }
}

/** Whom of its freeze it goes back with, and tells so; none: it goes alone. */
export async function tellTogether(step: Step): Promise<readonly string[]> {
  const round = (await roundFor(step.run, step.name)) ?? []
  const together = round.map(({ name }) => name).filter((name) => name !== step.run.move)
  if (together.length > 0) await step.say(`Goes back in one pause with ${together.join(', ')}.`, { together })
  return together
}

/** Whether one that failed to go back is tried again, alone and without another word: others of its freeze are back already. */
export async function mustFollow(run: Run): Promise<boolean> {
  if (!isHalfDone(await roundNow(run))) return false
  const attempts = (await recordsOfRun({ run })).filter(({ step, details }) => step === 'attempt' && details['again'] === true)
  return attempts.length < followsAtMost
}

/** The first of its freeze that is on its way and not switched yet: names wait for the last commit (runbook.md §7). */
export async function notSwitchedYet({ run }: Step): Promise<string | null> {
  const others = (await companionsOf(run)) ?? []
  return others.find((each) => each.run === 'running' && each.serving === 'source' && each.name !== run.move)?.name ?? null
}
