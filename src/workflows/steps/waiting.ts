// What steps share that wait for people or for other moves: what was said before in this run, a rest that ends when
// something is said, and the turn to hold clients.
import { obstacleOf, type Obstacle } from '../../core/after.ts'
import { deadlineMsOf } from '../../core/runbook.ts'
import type { JournalRecord } from '../../core/records.ts'
import type { Step } from '../run.ts'
import type { SignalKind } from '../signals.ts'
import { holderOf, turnOf } from './companions.ts'

/** Beside what the gate and the hold may last. */
const spareMs = 10_000
const turnEveryMs = 250
const holderEveryMs = 500
/** The longest that a pass is put off: some other move may always be at it. */
const politeForMs = 5000

/** All records of this run so far, oldest first. */
export async function recordsOfRun({ run: { services, move, run } }: Pick<Step, 'run'>): Promise<readonly JournalRecord[]> {
  return (await services.journal.after(0, { move, limit: 100_000 })).filter((record) => record.run === run)
}

/** Says what it waits for, not again until that is something else or something was said in between. */
export function tellOnce(step: Step): Step['waitFor'] {
  let told = ''
  return async (text, details) => {
    if (told !== text || step.saidMore) await step.waitFor(text, details)
    told = text
  }
}

/** Rests so many milliseconds, but not while somebody waits for an answer to what they said: then it answers true. */
export async function restUnlessTold({ run: { services, move, run }, signal }: Step, kind: SignalKind, ms: number): Promise<boolean> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), ms)
  try {
    await services.signals.heard(move, run, kind, AbortSignal.any([signal, over.signal]))
    return true
  } catch {
    signal.throwIfAborted()
    return false
  } finally {
    clearTimeout(timer)
  }
}

/** What of that which this move comes after is not switched now. */
export async function obstacleNow({ run: { services, ports } }: Step): Promise<Obstacle | null> {
  const { after, freeze } = ports.plan
  const others = after.filter((name) => freeze?.members.includes(name) !== true)
  return others.length === 0 ? null : obstacleOf(others, await services.store.standingsBehind(others))
}

/**
 * Waits at most so many ms for the turn to hold clients, or until a pause was asked for. It lasts from the gate to the end
 * of the hold, one move of each source provider at a time, as two freezes on one host or link would lengthen each other
 * (runbook.md §7). Null: it is this move's; else whose it is.
 */
export async function awaitTurn({ run, settings, signal }: Step, ms: number): Promise<{ readonly holder: string } | null> {
  const { services, ports, move } = run
  const { holder, providers } = await turnOf(run)
  const lasts = (deadlineMsOf('check-ready') ?? 0) + settings.downtimeBudgetMs + spareMs
  const wanted = providers.map((of) => ({ kind: 'hold', of }) as const)
  for (const end = performance.now() + ms; ;) {
    const { full, holders, ahead } = await services.store.takeSlots(holder, wanted, ports.limits, lasts)
    if (full === null) return null
    if (performance.now() >= end || (await services.signals.waits(move, run.run, 'pause'))) return { holder: holders[0] ?? 'another move' }
    await services.store.restInLine(ahead, turnEveryMs, signal)
  }
}

/** What could as well be done later waits a little while another move of this source has its turn: it would lengthen that freeze. */
export async function letOthersSwitch({ run, signal }: Step): Promise<void> {
  const { services, ports } = run
  for (const end = performance.now() + politeForMs; performance.now() < end;) {
    const holder = await services.store.turnOf(ports.plan.from.provider)
    if (holder === null || holder === holderOf(run)) return
    await services.store.restInLine(0, holderEveryMs, signal)
  }
}
