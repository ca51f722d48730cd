// Who approved what, and how the change of the names came through: what a report tells of a move besides its steps.
import type { JournalRecord } from '../core/records.ts'
import { detail } from './details.ts'
import type { ReportedMove } from './schema.ts'
import { beginningOf, between } from './steps.ts'

/** Each approval that was used, by a word or beforehand. */
export function approvalsIn(records: readonly JournalRecord[]): ReportedMove['approvals'] {
  return records.flatMap((record) => {
    if (record.step !== 'await-approval' || record.state !== 'done') return []
    const begun = beginningOf(records.filter(({ run }) => run === record.run))
    const how = detail(record, 'by') ?? 'approve'
    const who = detail(record, 'who') ?? (how === '--yes' ? begun.by : null)
    const [at, digest, plan] = [detail(record, 'at') ?? record.at, detail(record, 'digest'), detail(record, 'plan') ?? begun.plan]
    return [{ run: record.run, at, usedAt: record.at, how, who, digest, plan, seqs: [record.seq] }]
  })
}

/** How many answers of caches still told the old address, whenever that was another number than before. */
export function cachesIn(records: readonly JournalRecord[]): ReportedMove['caches'] {
  let before = ''
  return records.flatMap((record) => {
    const cached = detail(record, 'cached')
    const now = `${record.run} ${cached?.asked} ${cached?.stale}`
    if (cached === null || now === before) return []
    before = now
    return [{ run: record.run, at: record.at, ...cached, seqs: [record.seq] }]
  })
}

/** What authorities told otherwise than the switch wrote, each time that this changed. */
export function driftIn(records: readonly JournalRecord[]): ReportedMove['drift'] {
  return records.flatMap((record) => {
    const seen = detail(record, 'namesSeen')
    return seen === null ? [] : [{ run: record.run, at: record.at, changed: seen.changed, seqs: [record.seq] }]
  })
}

/** From the beginning of a step to this record of it, all attempts together; null: its beginning is not there. */
export function sinceBegun(record: JournalRecord, records: readonly JournalRecord[]): number | null {
  const first = records.find(({ step, run, state, seq }) => step === record.step && run === record.run && state === 'started' && seq < record.seq)
  return first ? between(first.at, record.at) : null
}
