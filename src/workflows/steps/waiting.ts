// What steps share that wait for people or for other moves: what was said before in this run, a rest that ends when
// something is said, and the turn to hold clients.
import { deadlineMsOf } from '../../core/runbook.ts'
import type { JournalRecord } from '../../core/records.ts'
import { sleep } from '../../io/wait.ts'
import type { Step } from '../run.ts'
import type { SignalKind } from '../signals.ts'
import type { Turn } from '../turns.ts'

const lookEveryMs = 250
/** Beside what the gate and the hold may last. */
const spareMs = 10_000
const turnEveryMs = 100

/** All records of this run so far, oldest first. */
export async function recordsOfRun({ run: { services, move, run } }: Step): Promise<readonly JournalRecord[]> {
  return (await services.journal.after(0, { move, limit: 100_000 })).filter((record) => record.run === run)
}

/** Says what it waits for, not again until that is something else. */
export function tellOnce(step: Step): Step['waitFor'] {
  let told = ''
  return async (text, details) => {
    if (told !== text) await step.waitFor(text, details)
    told = text
  }
}

/** Rests so many milliseconds, but not while somebody waits for an answer to what they said. */
export async function restUnlessTold({ run: { services, move, run }, signal }: Step, kind: SignalKind, ms: number): Promise<void> {
  const end = performance.now() + ms
  for (let left = ms; left > 0; left = end - performance.now()) {
    if (await services.signals.waits(move, run, kind)) return
    await sleep(Math.min(lookEveryMs, left), signal)
  }
}

/**
 * Waits at most so many ms for the turn to hold clients, or until a pause was asked for. It lasts from the gate to the end
 * of the hold, one move of each source provider at a time.
 */
export async function awaitTurn({ run: { services, ports, move, run }, settings, signal }: Step, ms: number): Promise<Turn> {
  const lasts = (deadlineMsOf('check-ready') ?? 0) + settings.downtimeBudgetMs + spareMs
  for (const end = performance.now() + ms; ;) {
    const turn = await services.store.takeTurn(ports.plan.from.provider, move, lasts)
    if (turn.isMine || performance.now() >= end || (await services.signals.waits(move, run, 'pause'))) return turn
    await sleep(turnEveryMs, signal)
  }
}
