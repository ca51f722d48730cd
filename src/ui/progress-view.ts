// The live list of one run, as lines: pure. Phases that are through fold into one line each, so the list stays short.
import type { JournalRecord } from '../core/records.ts'
import { printable } from './table.ts'
import { rows as allRows, runbook, titleOf, wayBack, type Phase, type RunbookRow } from '../core/runbook.ts'

const phaseTitles: Readonly<Record<Phase, string>> = {
  prepare: 'Prepare',
  sync: 'Keep in step',
  switch: 'Switch',
  settle: 'Settle',
  watch: 'Watch',
  finish: 'Finish',
  back: 'Go back',
  failover: 'Fail over',
  reprotect: 'Protect again',
}

type StepState = { readonly row: RunbookRow; readonly state: JournalRecord['state']; readonly text: string; readonly ms: number }

/** What the steps of a run have come to, newest attempt of each, in the order of the runbook. `now` in epoch ms. */
export function progressLines(records: readonly JournalRecord[], now: number): readonly string[] {
  const steps = stepsOf(records, now)
  const current = steps.findLast((step) => ['started', 'progress', 'waiting', 'failed'].includes(step.state))?.row.phase
  const phases = [...new Set(steps.map((step) => step.row.phase))]
  return phases.flatMap((phase) => {
    const own = steps.filter((step) => step.row.phase === phase)
    const seconds = inSeconds(own.reduce((sum, step) => sum + step.ms, 0))
    if (phase !== current && own.every((step) => step.state === 'done')) return [`✔ ${phaseTitles[phase].padEnd(40)} ${seconds}`]
    return own.map((step) => `${mark(step.state)} ${step.row.title.padEnd(40)} ${inSeconds(step.ms)}  ${printable(step.text)}`.trimEnd())
  })
}

/** One line for a run among several. */
export function summaryLine(records: readonly JournalRecord[], now: number): string {
  const last = records.at(-1)
  if (last === undefined) return 'begins'
  const steps = stepsOf(records, now)
  const done = steps.filter((step) => step.state === 'done').length
  const rows: readonly RunbookRow[] = steps.some((step) => step.row.phase === 'back') ? wayBack : runbook
  const all = rows.filter((row) => !('asked' in row) || steps.some((step) => step.row === row)).length
  return `${String(done).padStart(2)}/${all} ${titleOf(last.step)}: ${printable(last.text)}`
}

function stepsOf(records: readonly JournalRecord[], now: number): readonly StepState[] {
  return allRows.flatMap((row) => {
    const own = records.filter((record) => record.step === row.name)
    const began = own.findLast((record) => record.state === 'started')
    const last = own.at(-1)
    if (began === undefined || last === undefined) return []
    const ended = last.state === 'done' || last.state === 'failed' ? Date.parse(last.at) : now
    return [{ row, state: last.state, text: last.text, ms: Math.max(0, ended - Date.parse(began.at)) }]
  })
}

function mark(state: JournalRecord['state']): string {
  return { started: '▸', progress: '▸', waiting: '…', done: '✔', failed: '✖', undoing: '◂', undone: '↺' }[state]
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`
}
