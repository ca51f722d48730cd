// The life of a move, from top to bottom: bring it ready, switch when approved, settle, watch, then finish or go back.
// Written against two verbs, `step` and `undo`, so that durability (durable.ts) and this story stay apart. It decides
// only by what steps answered, so a replay after a crash takes the same path.
import {
  afterFailover,
  failover,
  rowsOf,
  settleIll,
  undoAfter,
  walkedRows,
  type ActionName,
  type RunbookRow,
  type StepName,
  type UndoName,
} from '../core/runbook.ts'
import type { SideName } from '../core/stored-move.ts'
import { isSilence, type Result, type Want } from './run.ts'

/** What a workflow may do: each call is one durable step, named in journals and databases. */
export type Verbs = {
  readonly step: (name: StepName) => Promise<Result>
  /** Undoes a row; trouble is told in the journal, never thrown: the nodes' own rules and the next undo go on. */
  readonly undo: (name: UndoName) => Promise<Result>
  /**
   * Which side serves now; a commit whose answer was lost is noticed here. `sealed`: it is not known to be open again since
   * it was sealed; `fenced`: the source was, for a fail-over. Absent where an older version looked.
   */
  readonly look: () => Promise<Seen>
  /**
   * Records that an attempt stopped at a step and was undone; `serves` is the side that served before and serves on. Of the
   * way back: takes the wishes to go back that came meanwhile, as they have had their try. True: it is tried again without
   * another word.
   */
  readonly noteUndone: (at: StepName, serves: SideName) => Promise<boolean>
  /** Takes the wish to go back, so that it is obeyed once; another try needs another word. */
  readonly takeRollback: () => Promise<void>
  /** Rests between two tries of a row that must succeed; true when a rollback was asked for meanwhile. */
  readonly rest: (tries: number) => Promise<boolean>
}

export type Seen = { readonly serving: SideName; readonly sealed?: boolean; readonly fenced?: boolean }

export type Ending =
  | { readonly state: 'finished' }
  | { readonly state: 'rolled-back' }
  | { readonly state: 'failed'; readonly step: ActionName; readonly code: string; readonly text: string }

type Interrupted = Extract<Result, { state: 'interrupted' }>
type Walked =
  /** `last`: what its last row told. */
  { readonly state: 'through'; readonly last: Readonly<Record<string, unknown>> | null } | Stopped
type Stopped = {
  readonly state: 'stopped'
  readonly at: StepName
  readonly result: Exclude<Result, { state: 'done' }>
  readonly begun: readonly StepName[]
}

/** `rehearsal`: somebody asked for one at the beginning. */
export async function migrate(verbs: Verbs, want: Want, rehearsal = false): Promise<Ending> {
  const serving = await openedAgain(verbs, want)
  if (typeof serving === 'object') return serving
  if (serving === 'target') return want === 'rollback' && (await goBack(verbs)) ? { state: 'rolled-back' } : await settleAndDecide(verbs, rowsOf('settle'))
  const over = want === 'rollback' ? await stayHome(verbs) : want === 'failover' ? await failOver(verbs) : await bringOver(verbs, rehearsal)
  return typeof over === 'object' ? over : await settleAndDecide(verbs, rowsAfter[over])
}

const rowsAfter = { switched: rowsOf('settle'), 'switched-ill': settleIll, 'failed-over': afterFailover } as const
/** How the target came to serve; or the end of the run. */
type Over = keyof typeof rowsAfter | Ending

/** The side that serves. One that an earlier run left sealed or fenced is opened before anything else, or gives way to the other; one that stays fenced ends the run. */
async function openedAgain(verbs: Verbs, want: Want): Promise<SideName | Ending> {
  const { serving, sealed, fenced } = await verbs.look()
  if (serving === 'source' && fenced === true && want !== 'failover') {
    const lifted = await verbs.undo('unfence-source')
    if (lifted.state !== 'done') return failure('unfence-source', lifted)
  }
  if (sealed !== true) return serving
  for (const name of undoAfter(rowsOf(serving === 'source' ? 'switch' : 'back').map((row) => row.name))) await verbs.undo(name)
  return (await verbs.look()).serving
}

/** Everything up to the commit. */
async function bringOver(verbs: Verbs, rehearsal: boolean): Promise<Over> {
  const prepared = await walk(verbs, [...walkedRows('prepare'), ...walkedRows('sync').filter((row) => row.name !== 'await-approval')])
  if (prepared.state === 'stopped') return await leave(verbs, prepared.at, prepared.result)
  const rehearsed = rehearsal ? await rehearse(verbs) : null
  if (rehearsed !== null) return await leave(verbs, 'rehearse', rehearsed)
  return await standBy(verbs)
}

/** Until somebody wants the switch, and it succeeds. */
async function standBy(verbs: Verbs): Promise<Over> {
  for (;;) {
    const ended = await untilApproved(verbs)
    if (ended !== null) return ended
    const attempt = await walk(verbs, rowsOf('switch'))
    if (attempt.state === 'through') return 'switched'
    if ((await endOf(verbs, attempt, 'source')) === 'committed') return 'switched'
    if (attempt.result.state === 'interrupted') return await leave(verbs, attempt.at, attempt.result)
    const caughtUp = await verbs.step('keep-in-sync')
    if (caughtUp.state !== 'done') return await leave(verbs, 'keep-in-sync', caughtUp)
  }
}

/** A standby that was not needed after all, or could not take over: kept in step as before, once both sides answer. */
async function standByAgain(verbs: Verbs): Promise<Over> {
  const caughtUp = await verbs.step('keep-in-sync')
  return caughtUp.state === 'done' ? await standBy(verbs) : await leave(verbs, 'keep-in-sync', caughtUp)
}

/** What comes after a step before the commit that did not end: what somebody asked for meanwhile, or the failure. */
async function leave(verbs: Verbs, at: ActionName, result: Exclude<Result, { state: 'done' }>): Promise<Over> {
  if (result.state === 'failed') return failure(at, result)
  return result.word === 'failover' ? await failOver(verbs) : await stayHome(verbs)
}

/** Without the source, which is fenced first. Where it answers, the switch that loses nothing is tried before. */
async function failOver(verbs: Verbs): Promise<Over> {
  const [decide, ...rows] = failover
  const decided = await walk(verbs, decide === undefined ? [] : [decide])
  if (decided.state === 'stopped') return await leave(verbs, decided.at, decided.result)
  const { refused } = decided.last ?? {}
  return refused === undefined ? await carryOver(verbs, rows, decided.last ?? {}) : await standByAgain(verbs)
}

async function carryOver(verbs: Verbs, rows: readonly RunbookRow[], { sourceAnswers, resumes }: Readonly<Record<string, unknown>>): Promise<Over> {
  const planned = sourceAnswers === true ? await tried(verbs, rowsOf('switch')) : undefined
  if (planned === 'committed') return 'switched-ill'
  if (planned?.result.state === 'interrupted') return await leave(verbs, planned.at, planned.result)
  const attempt = await tried(verbs, rows)
  if (attempt === 'committed') return 'failed-over'
  if (attempt.stuck !== null) return attempt.stuck
  // Nobody waits at a terminal for the reason: the standby is kept in step for the next time.
  if (attempt.result.state === 'failed' && resumes === true) return await standByAgain(verbs)
  return await leave(verbs, attempt.at, attempt.result)
}

/** An attempt up to its commit; else where it stopped, and it is undone. `stuck`: nobody serves, which ends the run. */
async function tried(verbs: Verbs, rows: readonly RunbookRow[]): Promise<'committed' | (Stopped & { readonly stuck: Ending | null })> {
  const attempt = await walk(verbs, rows)
  const end = attempt.state === 'through' ? 'committed' : await endOf(verbs, attempt, 'source')
  if (attempt.state === 'through' || end === 'committed') return 'committed'
  return { ...attempt, stuck: typeof end === 'object' ? end : null }
}

/** Waits for approval, and rehearses as often as somebody asks meanwhile. Null: it is approved. */
async function untilApproved(verbs: Verbs): Promise<Over | null> {
  for (;;) {
    const approval = await verbs.step('await-approval')
    if (approval.state !== 'done') return await leave(verbs, 'await-approval', approval)
    if (approval.details['rehearse'] !== true) return null
    const rehearsed = await rehearse(verbs)
    if (rehearsed !== null) return await leave(verbs, 'rehearse', rehearsed)
  }
}

/** Whatever it comes to, the copy is kept in step and a person decides, unless somebody wants something else. */
async function rehearse(verbs: Verbs): Promise<Interrupted | null> {
  const result = await verbs.step('rehearse')
  if (result.state !== 'done') await verbs.undo('end-rehearsal')
  return result.state === 'interrupted' ? result : null
}

/** After the commit there is only forward, however often a row must be tried, until a person wants back. */
async function settleAndDecide(verbs: Verbs, rows: readonly RunbookRow[]): Promise<Ending> {
  for (let settled = false; ;) {
    // What is settled stays so when going back failed: asking a source that died for it again would never end.
    if (!settled) settled = (await untilSettled(verbs, rows)) === 'done'
    if (settled && (await untilDone(verbs, rowsOf('watch'))) === 'done') {
      const finished = await untilDone(verbs, rowsOf('finish'))
      if (finished === 'done') return { state: 'finished' }
    }
    if (await goBack(verbs)) return { state: 'rolled-back' }
  }
}

/** The switch with its sides exchanged. False: it did not come to its commit, and the target serves on. */
async function goBack(verbs: Verbs): Promise<boolean> {
  const rows = rowsOf('back')
  const commit = rows.findIndex((row) => row.name === 'commit-switch-back')
  for (let tries = 1; ; tries++) {
    await verbs.takeRollback()
    const attempt = await walk(verbs, rows.slice(0, commit + 1))
    const end = attempt.state === 'through' ? 'committed' : await endOf(verbs, attempt, 'target')
    if (end === 'committed') break
    if (end !== 'again') return false
    await verbs.rest(tries)
  }
  // Whoever asks for it once more has it already.
  while ((await untilSettled(verbs, rows.slice(commit + 1))) === 'back') await verbs.takeRollback()
  return true
}

/** Before the hold nothing has been switched: what we put in place goes, copies stay. */
async function stayHome(verbs: Verbs): Promise<Ending> {
  const begun = [...walkedRows('prepare'), ...walkedRows('sync')].map((row) => row.name)
  for (const name of undoAfter(begun)) await verbs.undo(name)
  return { state: 'rolled-back' }
}

/**
 * Undoes an attempt that stopped. `committed`: only the answer was lost, and there is only forward. That is asked again
 * after the undo, because a receiver may have been silent before. `again`: it is tried again by itself. A source that stays
 * fenced ends the run: nobody serves, which is worse than what the attempt ended of.
 */
async function endOf(verbs: Verbs, attempt: Stopped, served: SideName): Promise<'committed' | 'undone' | 'again' | Ending> {
  if ((await verbs.look()).serving !== served) return 'committed'
  let stuck: Ending | null = null
  for (const name of undoAfter(attempt.begun)) {
    const undone = await verbs.undo(name)
    if (name === 'unfence-source' && undone.state !== 'done') stuck = failure(name, undone)
  }
  if ((await verbs.look()).serving !== served) return 'committed'
  const isTriedAgain = await verbs.noteUndone(attempt.at, served)
  return stuck ?? (isTriedAgain ? 'again' : 'undone')
}

async function walk(verbs: Verbs, rows: readonly RunbookRow[]): Promise<Walked> {
  const begun: StepName[] = []
  let last: Readonly<Record<string, unknown>> | null = null
  for (const row of rows) {
    begun.push(row.name)
    const result = await verbs.step(row.name)
    if (result.state !== 'done') return { state: 'stopped', at: row.name, result, begun }
    last = result.details
  }
  return { state: 'through', last }
}

/**
 * After the commit a side that gave its clients away and is silent keeps nothing back that needs the other one alone, above
 * all not the names (runbook.md §3b): its rows are left and tried again after the others.
 */
async function untilSettled(verbs: Verbs, rows: readonly RunbookRow[]): Promise<'done' | 'back'> {
  for (let [left, tries] = [rows, 1]; ; tries++) {
    const silent: RunbookRow[] = []
    for (const row of left) {
      const result = await verbs.step(row.name)
      if (result.state === 'interrupted') return 'back'
      if (result.state === 'done') continue
      if (isSilent(result)) silent.push(row)
      else if ((await verbs.rest(1)) || (await untilDone(verbs, [row])) === 'back') return 'back'
    }
    if (silent.length === 0) return 'done'
    if (await verbs.rest(tries)) return 'back'
    left = silent
  }
}

function isSilent(result: Result): boolean {
  return result.state === 'failed' && isSilence(result)
}

/**
 * Each row until it succeeds; `back` when a rollback was asked for while a row that may end early ran or rested. A row that
 * ends because a source which was given up is wanted back is begun anew after that, whatever it came to.
 */
async function untilDone(verbs: Verbs, rows: readonly RunbookRow[]): Promise<'done' | 'back'> {
  for (const row of rows) {
    for (let tries = 1; ; tries++) {
      const result = await verbs.step(row.name)
      if (result.state === 'interrupted') return 'back'
      if (result.state === 'done' && result.details['reprotect'] !== true) break
      if (result.state === 'done') tries = (await walk(verbs, rowsOf('reprotect'))) && 0
      else if (await verbs.rest(tries)) return 'back'
    }
  }
  return 'done'
}

function failure(step: ActionName, result: Result): Ending {
  return result.state === 'failed'
    ? { state: 'failed', step, code: result.code, text: result.text }
    : { state: 'failed', step, code: 'defect', text: `${step} did not end.` }
}
