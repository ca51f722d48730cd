// The wait for a person's word and for the time of the switch. Meanwhile the copy is kept in step: a closed gate costs
// nothing and has no expiry.
import { describeCompanion, describeObstacle } from '../../core/after.ts'
import { pathOf, relayRisk } from '../../core/path.ts'
import { describeWindow, opensAt } from '../../core/window.ts'
import type { Done, Step } from '../run.ts'
import type { SignalKind } from '../signals.ts'
import { ranOut } from './approval.ts'
import { awaitCompanions, beginTogether, leaveCompanions } from './companions.ts'
import { pauseAhead } from './shared-freeze.ts'
import { whileKeptInStep, type Passes } from './sync.ts'
import { awaitTurn, obstacleNow, recordsOfRun, restUnlessTold, tellOnce } from './waiting.ts'

/** A pass that found nothing new is followed by a longer rest. */
const restMs = { busy: 500, calm: 3000 } as const
/** Whatever else is in the way is looked at again then. */
const turnForMs = 20_000
const failuresUntilAsked = 3

type Approval = Required<Done>

/** Until it is approved and its time has come; a pause in between asks for another approval. */
export async function awaitApproval(step: Step): Promise<Done> {
  return await whileKeptInStep(step, async (passes) => await untilApproved(step, passes))
}

async function untilApproved(step: Step, passes: Passes): Promise<Done> {
  for (;;) {
    const approval = approvedBefore(step) ?? (await approved(step, passes))
    if (approval.details['rehearse'] === true) return approval
    // A process that dies in a wait of days is followed by one that need not ask again.
    await step.learn({ approved: { run: step.run.run, ...approval } })
    const isTime = await untilOpen(step, passes, approval)
    await step.learn({ approved: null })
    if (isTime) return approval
  }
}

/** What was approved in this run and waits for its time. */
function approvedBefore({ facts: { approved: before }, run: { run } }: Step): Approval | null {
  return before?.run === run ? { text: before.text, details: before.details } : null
}

/** Syncs on until somebody approves: a closed gate has no expiry. `--yes` approves by itself unless paused, and not after three failures in a row. */
async function approved(step: Step, passes: Passes): Promise<Approval> {
  const { signals } = step.run.services
  const failures = await failedAttempts(step)
  const isPaused = await signals.waits(step.run.move, step.run.run, 'pause')
  const isRelayed = pathOf(step.facts) === 'relay'
  // What `--yes` said beforehand was said of the plan as it was then.
  const isAsPlanned = !isRelayed || step.run.ports.plan.path === 'relay'
  if (step.run.approval === 'at-once' && failures < failuresUntilAsked && !isPaused && isAsPlanned)
    return { text: 'Approved beforehand (--yes).', details: { by: '--yes', plan: step.settings.plan } }
  for (const tell = tellOnce(step); ;) {
    if ((await signals.take(step.run.move, step.run.run, 'rehearse')) !== null) return { text: 'A rehearsal was asked for.', details: { rehearse: true } }
    const approval = await signals.take(step.run.move, step.run.run, 'approve')
    if (approval !== null && !(await tellRanOut(step, approval))) {
      // An approval ends a pause; what `--yes` said beforehand counts again for the next attempt.
      await signals.take(step.run.move, step.run.run, 'pause')
      return { text: 'Approved.', details: { ...approval, opensAt: new Date(nextSwitch(step, Date.now()).at).toISOString() } }
    }
    const { pauseMs: pause } = await pauseAhead(step)
    const failed = failures >= failuresUntilAsked ? `: ${failures} attempts failed in a row` : ''
    const text = `Waiting for approval${failed}. ${copyNow(passes)}`
    await tell(isRelayed ? `${text} ${relayRisk}` : text, { waitingFor: 'approval', forecastPauseMs: pause, failures, plan: step.settings.plan })
    await passAndRest(step, passes, 'approve')
  }
}

/** Syncs on until the switch may begin (window, `--at`, `after:`, `freezes:`, its turn). False: a pause was asked for meanwhile, and stays to be ended by an approval; or this one ran out. */
async function untilOpen(step: Step, passes: Passes, approval: Approval): Promise<boolean> {
  const { signals } = step.run.services
  for (const tell = tellOnce(step); ;) {
    if ((await signals.waits(step.run.move, step.run.run, 'pause')) || (await tellRanOut(step, approval.details))) {
      await leaveCompanions(step)
      return false
    }
    const wait = await inTheWay(step, passes)
    if (wait !== null) {
      await tell(`Approved; ${wait.text}. ${copyNow(passes)}`, { ...wait.details, forecastPauseMs: (await pauseAhead(step)).pauseMs })
      await passAndRest(step, passes, 'pause', wait.mostMs)
      continue
    }
    if ((await itsTurn(step, passes, tell)) && (await beginTogether(step))) return true
    if (passes.dueInMs() === 0) await passes.make()
  }
}

type Wait = { readonly text: string; readonly details: Readonly<Record<string, unknown>>; readonly mostMs?: number }

/** The first thing that keeps an approved move from being switched; null: nothing but its turn. */
async function inTheWay(step: Step, passes: Passes): Promise<Wait | null> {
  const now = Date.now()
  const { at, text } = nextSwitch(step, now)
  const obstacle = at > now ? null : await obstacleNow(step)
  const isReady = passes.silence() === null
  if (at > now || obstacle !== null || !isReady) await leaveCompanions(step)
  if (at > now) return { text, details: { waitingFor: 'window', opensAt: new Date(at).toISOString() }, mostMs: at - now }
  if (obstacle !== null) return { text: `waits ${describeObstacle(obstacle)}`, details: { waitingFor: 'after', ...obstacle } }
  if (!isReady) return { text: 'waits until both sides answer', details: { waitingFor: 'node' } }
  const companion = await awaitCompanions(step)
  return companion === null ? null : { text: `waits ${describeCompanion(companion)}`, details: { waitingFor: 'freeze', ...companion } }
}

/** Whether the copy is kept in step while it waits. */
function copyNow(passes: Passes): string {
  const silence = passes.silence()
  return silence === null ? 'The copy is kept in step.' : `The copy is not kept in step: ${silence}`
}

/** An approval has its day; one that was not used in it is asked for anew. */
async function tellRanOut(step: Step, approval: Approval['details']): Promise<boolean> {
  const text = ranOut(approval, Date.now())
  if (text !== null) await step.say(text, { approval })
  return text !== null
}

/** Whether this move may hold clients now; tells whom it waits for, for as long as a pass is not missed. */
async function itsTurn(step: Step, passes: Passes, tell: Step['waitFor']): Promise<boolean> {
  const other = await awaitTurn(step, 0)
  if (other === null) return true
  await tell(`Approved; waits until the switch of ${other.holder} is through.`, { waitingFor: 'turn', holder: other.holder })
  return (await awaitTurn(step, Math.min(turnForMs, Math.max(restMs.calm, passes.dueInMs())))) === null
}

/** When the switch of this run may begin (epoch ms), and in words. */
function nextSwitch(step: Step, now: number): { readonly at: number; readonly text: string } {
  const { window, downtimeBudgetMs } = step.settings
  const notBefore = Math.max(now, Date.parse(step.run.notBefore ?? '') || 0)
  const at = window === null ? notBefore : opensAt(window, notBefore, downtimeBudgetMs)
  const reason = window === null ? '' : ` (window: ${describeWindow(window)})`
  return { at, text: `switches at ${new Date(at).toISOString().slice(0, 16)}Z${reason}` }
}

async function passAndRest(step: Step, passes: Passes, kind: SignalKind, mostMs = Infinity): Promise<void> {
  const { movedFiles } = passes.dueInMs() === 0 ? await passes.make() : { movedFiles: 0 }
  await restUnlessTold(step, kind, Math.min(mostMs, movedFiles > 0 ? restMs.busy : restMs.calm))
}

/** Attempts of this run that were undone since the last approval by a person. */
async function failedAttempts(step: Step): Promise<number> {
  const mine = await recordsOfRun(step)
  const since = mine.findLastIndex(
    (record) => record.step === 'await-approval' && record.state === 'done' && record.details['by'] !== '--yes' && record.details['rehearse'] !== true,
  )
  return mine.slice(since + 1).filter((record) => record.step === 'attempt' && record.state === 'undone').length
}
