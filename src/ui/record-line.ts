// One journal record as one line of text.
import { printable } from './table.ts'
import type { JournalRecord, RecordState } from '../core/records.ts'

const marks: Readonly<Record<RecordState, string>> = { started: '▸', progress: '·', waiting: '…', done: '✔', failed: '✖', undoing: '◂', undone: '↺' }

export function recordLine(record: JournalRecord): string {
  const at = record.at.slice(11, 19)
  return `${at} ${record.move.padEnd(10)} ${marks[record.state]} ${record.step.padEnd(20)} ${printable(record.text)}`
}
