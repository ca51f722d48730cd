// How a drill there and back goes (level D3), by what the journal has of its run since it was approved.
import type { DrillCheck, Drilled } from './drill.ts'
import { msOf } from './instant.ts'
import type { JournalRecord } from './records.ts'
import { rowOf, titleOf } from './runbook.ts'

/**
 * `stayed`: the switch was undone, the source serves on; `waits`: it may not be switched now; `there`: the standby serves and
 * is about to be watched; `stuck`: it did not come back, and serves on; `back`: the source serves again.
 */
export type Stage = { readonly at: 'under-way' | 'stayed' | 'waits' | 'there' | 'stuck' | 'back'; readonly why: string }

export function stageOf(records: readonly JournalRecord[]): Stage {
  return records.reduce<Stage>((stage, record) => after(record) ?? stage, { at: 'under-way', why: '' })
}

/** Null: it says nothing of that. */
function after({ step, state, text, details }: JournalRecord): Stage | null {
  const at = signs[`${step} ${state}`]?.(details) ?? null
  return at === null ? null : { at, why: text }
}

const signs: Readonly<Record<string, (details: JournalRecord['details']) => Stage['at'] | null>> = {
  'await-approval waiting': ({ waitingFor }) => (['window', 'after', 'freeze'].includes(String(waitingFor)) ? 'waits' : null),
  'attempt undone': ({ serves, again }) => (serves === 'source' ? 'stayed' : again === true ? null : 'stuck'),
  'watch-target started': () => 'there',
  'move undone': () => 'back',
  'move failed': () => 'stuck',
  'move done': () => 'stuck',
}

/** What it showed, once it has ended at this stage: a check for each row that ended, the way there and the way back. */
export function switchDrilled(records: readonly JournalRecord[], { at, why }: Stage): Pick<Drilled, 'tried' | 'checks' | 'notDrilled' | 'recoverySeconds'> {
  const rows = records.flatMap((record, index) => checkOf(record, records.slice(0, index)) ?? [])
  const hint = at === 'stuck' ? 'The standby serves. See lifeboat status, then lifeboat rollback.' : 'The source serves on; see the step that failed.'
  const failed: readonly DrillCheck[] = at === 'back' ? [] : [{ about: 'switch', code: 'gate-closed', severity: 'error', text: why, hint, ms: 0 }]
  const [approved, named] = [endOf(records, 'await-approval'), endOf(records, 'switch-dns')]
  const recoverySeconds = approved === null || named === null ? null : (named - approved) / 1000
  return { tried: true, checks: [...rows, ...failed], notDrilled: [], recoverySeconds }
}

function checkOf({ step, state, text, at }: JournalRecord, before: readonly JournalRecord[]): DrillCheck | null {
  const phase = rowOf(step)?.phase
  const isThere = phase === 'switch' || phase === 'settle'
  if ((!isThere && phase !== 'back') || (state !== 'done' && state !== 'failed')) return null
  const began = before.findLast((record) => record.step === step && record.state === 'started')
  const ms = began === undefined ? 0 : msOf(at) - msOf(began.at)
  // A row after the commit is tried until it succeeds; an attempt that failed has its own end.
  const severity = state === 'done' ? ('ok' as const) : ('warning' as const)
  return { about: isThere ? 'there' : 'back', code: step, severity, text: `${titleOf(step)}: ${text}`, hint: null, ms }
}

function endOf(records: readonly JournalRecord[], step: string): number | null {
  const done = records.find((record) => record.step === step && record.state === 'done')
  return done === undefined ? null : msOf(done.at)
}
