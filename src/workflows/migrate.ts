// The life of a move, from top to bottom: bring it ready, switch when approved, settle, watch, then finish or go back.
// Written against two verbs, `step` and `undo`, so that durability (durable.ts) and this story stay apart. It decides
// only by what steps answered, so a replay after a crash takes the same path.
import { rowsOf, undoAfter, walkedRows, type ActionName, type RunbookRow, type StepName, type UndoName } from '../core/runbook.ts'
import type { SideName } from '../core/stored-move.ts'
import type { Result, Want } from './run.ts'

/** What a workflow may do: each call is one durable step, named in journals and databases. */
export type Verbs = {
  readonly step: (name: StepName) => Promise<Result>
  /** Undoes a row; trouble is told in the journal, never thrown: the nodes' own rules and the next undo go on. */
  readonly undo: (name: UndoName) => Promise<Result>
  /**
   * Which side serves now; a commit whose answer was lost is noticed here. `sealed`: it is not known to be open again since
   * it was sealed. Absent where an older version looked.
   */
  readonly look: () => Promise<{ readonly serving: SideName; readonly sealed?: boolean }>
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

export type Ending =
  | { readonly state: 'finished' }
  | { readonly state: 'rolled-back' }
  | { readonly state: 'failed'; readonly step: ActionName; readonly code: string; readonly text: string }

type Walked =
  | { readonly state: 'through' }
  | { readonly state: 'stopped'; readonly at: StepName; readonly result: Exclude<Result, { state: 'done' }>; readonly begun: readonly StepName[] }

/** `rehearsal`: somebody asked for one at the beginning. */
export async function migrate(verbs: Verbs, want: Want, rehearsal = false): Promise<Ending> {
  const serving = await openedAgain(verbs)
  if (serving === 'source') {
    if (want === 'rollback') return await stayHome(verbs)
    const early = await bringOver(verbs, rehearsal)
    if (early !== null) return early
  } else if (want === 'rollback' && (await goBack(verbs))) {
    return { state: 'rolled-back' }
  }
  return await settleAndDecide(verbs)
}

/** The side that serves. One that an earlier run left sealed is opened before anything else, or gives way to the other. */
async function openedAgain(verbs: Verbs): Promise<SideName> {
  const { serving, sealed } = await verbs.look()
  if (sealed !== true) return serving
  for (const name of undoAfter(rowsOf(serving === 'source' ? 'switch' : 'back').map((row) => row.name))) await verbs.undo(name)
  return (await verbs.look()).serving
}

/** Everything up to the commit; null when it is committed. */
async function bringOver(verbs: Verbs, rehearsal: boolean): Promise<Ending | null> {
  const prepared = await walk(verbs, [...walkedRows('prepare'), ...walkedRows('sync').filter((row) => row.name !== 'await-approval')])
  if (prepared.state === 'stopped') return prepared.result.state === 'interrupted' ? await stayHome(verbs) : failure(prepared.at, prepared.result)
  if (rehearsal && !(await rehearse(verbs))) return await stayHome(verbs)
  for (;;) {
    const ended = await untilApproved(verbs)
    if (ended !== null) return ended
    const attempt = await walk(verbs, rowsOf('switch'))
    if (attempt.state === 'through') return null
    if ((await endOf(verbs, attempt, 'source')) === 'committed') return null
    if (attempt.result.state === 'interrupted') return await stayHome(verbs)
    const caughtUp = await verbs.step('keep-in-sync')
    if (caughtUp.state === 'interrupted') return await stayHome(verbs)
    if (caughtUp.state === 'failed') return failure('keep-in-sync', caughtUp)
  }
}

/** Waits for approval, and rehearses as often as somebody asks meanwhile. Null: it is approved. */
async function untilApproved(verbs: Verbs): Promise<Ending | null> {
  for (;;) {
    const approval = await verbs.step('await-approval')
    if (approval.state === 'interrupted') return await stayHome(verbs)
    if (approval.state === 'failed') return failure('await-approval', approval)
    if (approval.details['rehearse'] !== true) return null
    if (!(await rehearse(verbs))) return await stayHome(verbs)
  }
}

/** Whatever it comes to, the copy is kept in step and a person decides. False: somebody wants back. */
async function rehearse(verbs: Verbs): Promise<boolean> {
  const { state } = await verbs.step('rehearse')
  if (state !== 'done') await verbs.undo('end-rehearsal')
  return state !== 'interrupted'
}

/** After the commit there is only forward, however often a row must be tried, until a person wants back. */
async function settleAndDecide(verbs: Verbs): Promise<Ending> {
  for (let settled = false; ;) {
    // What is settled stays so when going back failed: asking a source that died for it again would never end.
    if (!settled) settled = (await untilDone(verbs, rowsOf('settle'))) === 'done'
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
    if (end === 'undone') return false
    if (end === 'committed') break
    await verbs.rest(tries)
  }
  // Whoever asks for it once more has it already.
  while ((await untilDone(verbs, rows.slice(commit + 1))) === 'back') await verbs.takeRollback()
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
 * after the undo, because a receiver may have been silent before. `again`: it is tried again by itself.
 */
async function endOf(verbs: Verbs, attempt: Extract<Walked, { state: 'stopped' }>, served: SideName): Promise<'committed' | 'undone' | 'again'> {
  if ((await verbs.look()).serving !== served) return 'committed'
  for (const name of undoAfter(attempt.begun)) await verbs.undo(name)
  if ((await verbs.look()).serving !== served) return 'committed'
  return (await verbs.noteUndone(attempt.at, served)) ? 'again' : 'undone'
}

async function walk(verbs: Verbs, rows: readonly RunbookRow[]): Promise<Walked> {
  const begun: StepName[] = []
  for (const row of rows) {
    begun.push(row.name)
    const result = await verbs.step(row.name)
    if (result.state !== 'done') return { state: 'stopped', at: row.name, result, begun }
  }
  return { state: 'through' }
}

/** Each row until it succeeds; `back` when a rollback was asked for while a row that may end early ran or rested. */
async function untilDone(verbs: Verbs, rows: readonly RunbookRow[]): Promise<'done' | 'back'> {
  for (const row of rows) {
    for (let tries = 1; ; tries++) {
      const result = await verbs.step(row.name)
      if (result.state === 'done') break
      if (result.state === 'interrupted') return 'back'
      if (await verbs.rest(tries)) return 'back'
    }
  }
  return 'done'
}

function failure(step: ActionName, result: Result): Ending {
  return result.state === 'failed'
    ? { state: 'failed', step, code: result.code, text: result.text }
    : { state: 'failed', step, code: 'defect', text: `${step} did not end.` }
}
