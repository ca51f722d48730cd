// Steps with their durations: the started and done records of one (move, run, step), paired in the order of the journal.
import { titleOf } from '../core/runbook.ts'
import type { JournalRecord } from '../core/records.ts'
import { detail } from './details.ts'
import type { Attempt, ReportedRun, ReportedStep } from './schema.ts'

/** The runs of one move, from its records in order; records about no step (waiting for credentials) make no run. */
export function runsOf(records: readonly JournalRecord[]): ReportedRun[] {
  return [...groupBy(records, ({ run }) => run)].flatMap(([run, own]) => {
    const steps = [...groupBy(own.filter(isStep), ({ step }) => step)].flatMap(([step, of]) => stepFrom(step, of, own))
    const [first] = own
    const last = own.at(-1)
    return first && last && steps.length > 0 ? [{ run, ...beginningOf(own), outcome: outcomeOf(own), startedAt: first.at, endedAt: last.at, steps }] : []
  })
}

/** Who began a run, and with which plan; null: the version that wrote it did not keep that. */
export function beginningOf(records: readonly JournalRecord[]): Pick<ReportedRun, 'plan' | 'by'> {
  const begun = records.find(({ step, state }) => step === 'move' && state === 'started')
  return { plan: begun ? detail(begun, 'plan') : null, by: begun ? detail(begun, 'who') : null }
}

/** Records about a move or an attempt as a whole are no steps: they have no row in the runbook. */
function isStep({ step }: JournalRecord): boolean {
  return titleOf(step) !== step
}

export function groupBy<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

/** Milliseconds between two journal times; never negative, a clock that was set back says nothing. */
export function between(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from))
}

function stepFrom(step: string, records: readonly JournalRecord[], run: readonly JournalRecord[]): ReportedStep[] {
  const attempts = attemptsOf(records, run)
  const last = attempts.at(-1)
  if (!last) return []
  const known = attempts.flatMap(({ ms }) => (ms === null ? [] : [ms]))
  return [{ step, title: titleOf(step), outcome: last.outcome, ms: known.length === 0 ? null : known.reduce((sum, ms) => sum + ms, 0), attempts }]
}

function attemptsOf(records: readonly JournalRecord[], run: readonly JournalRecord[]): Attempt[] {
  const attempts: Attempt[] = []
  let open: JournalRecord | null = null
  let text = ''
  for (const record of records) {
    const { state } = record
    if (begins(record)) {
      if (open) attempts.push(unfinished(open, 'interrupted', text))
      open = record
      text = ''
    } else text = record.text || text
    if (state === 'done' || state === 'failed' || state === 'undone') {
      attempts.push(finished(open ?? record, record, state, text))
      open = null
    }
  }
  return open ? [...attempts, unfinished(open, wentOn(open, run) ? 'interrupted' : 'open', text)] : attempts
}

function begins({ state }: JournalRecord): boolean {
  return state === 'started' || state === 'undoing'
}

/** A run does one step at a time: where another began later, this one is not going on any more. */
function wentOn({ seq }: JournalRecord, run: readonly JournalRecord[]): boolean {
  return run.some((record) => record.seq > seq && begins(record))
}

function finished(first: JournalRecord, last: JournalRecord, outcome: 'done' | 'failed' | 'undone', text: string): Attempt {
  const alone = first === last
  return {
    startedAt: first.at,
    endedAt: last.at,
    ms: alone ? null : between(first.at, last.at),
    outcome,
    text,
    seqs: alone ? [last.seq] : [first.seq, last.seq],
  }
}

function unfinished(record: JournalRecord, outcome: 'interrupted' | 'open', text: string): Attempt {
  return { startedAt: record.at, endedAt: null, ms: null, outcome, text, seqs: [record.seq] }
}

function outcomeOf(records: readonly JournalRecord[]): ReportedRun['outcome'] {
  const committed = records.findLast(({ step, state }) => state === 'done' && (step === 'commit-switch' || step === 'commit-switch-back'))
  if (committed) return committed.step === 'commit-switch' ? 'switched' : 'went-back'
  const last = records.findLast(({ state }) => state !== 'progress' && state !== 'waiting')
  return last?.state === 'undone' ? 'undone' : last?.state === 'failed' ? 'failed' : 'open'
}
