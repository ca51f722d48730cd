// The pauses: the time in which clients wait, from the start of hold-clients to the end of release-clients (or of the
// undo). Both ends are taken wide, so that a pause in the report is never shorter than it was.
import type { JournalRecord, RecordState } from '../core/records.ts'
import { nameThere } from '../core/runbook.ts'
import { allTold } from './details.ts'
import type { Pause, Planned, ReportedRun } from './schema.ts'
import { between } from './steps.ts'

/** Both ends are taken wide, but never by that much. */
const clockWasSetMs = 60_000

type Open = { readonly hold: JournalRecord; readonly direction: Pause['direction']; readonly failed: JournalRecord | null }

type Closing = { readonly open: Open; readonly by: JournalRecord | null; readonly outcome: Pause['outcome'] }

/** The pauses of one move in order, from its records in order. */
export function pausesOf(records: readonly JournalRecord[], runs: readonly ReportedRun[], plan: Planned | null): Pause[] {
  return closings(records).map((closing) => pauseFrom(closing, { records, runs, plan }))
}

function closings(records: readonly JournalRecord[]): Closing[] {
  const closed: Closing[] = []
  let open: Open | null = null
  for (const record of records) {
    const meaning = meaningOf(record)
    if (meaning === 'held' && !isTakenUp(open, record)) {
      if (open) closed.push(abandoned(open))
      open = { hold: record, direction: record.step.endsWith('-back') ? 'back' : 'there', failed: null }
    } else if (open && meaning === 'failed') {
      open = failedAt(open, record)
    } else if (open && (meaning === 'switched' || meaning === 'undone')) {
      closed.push({ open, by: record, outcome: meaning })
      open = null
    }
  }
  return open ? [...closed, abandoned(open)] : closed
}

/** A hold that is started twice in a run without having failed was gone on with by another controller. */
function isTakenUp(open: Open | null, record: JournalRecord): boolean {
  return open !== null && open.failed === null && open.hold.run === record.run && open.hold.step === record.step
}

function failedAt({ hold, direction }: Open, failed: JournalRecord): Open {
  return { hold, direction, failed }
}

/** A hold that failed let its clients go at once; of any other the end is not known. */
function abandoned(open: Open): Closing {
  return { open, by: open.failed, outcome: open.failed ? 'undone' : 'open' }
}

type Meaning = 'held' | 'failed' | 'switched' | 'undone'

const meanings: Readonly<Record<string, Partial<Record<RecordState, Meaning>>>> = {
  'hold-clients': { started: 'held', failed: 'failed', undone: 'undone' },
  'release-clients': { done: 'switched' },
  'unhold-clients': { done: 'undone', undone: 'undone' },
}

function meaningOf({ step, state }: JournalRecord): Meaning | null {
  return meanings[step.replace(/-back$/, '')]?.[state] ?? null
}

type Around = { readonly records: readonly JournalRecord[]; readonly runs: readonly ReportedRun[]; readonly plan: Planned | null }

function pauseFrom({ open: { hold, direction }, by, outcome }: Closing, { records, runs, plan }: Around): Pause {
  const forecast = forecastBefore(hold, records, plan)
  const budget = allTold(
    records.filter(({ seq }) => seq <= (by ?? hold).seq),
    'budgetMs',
  ).at(-1)
  const ends = by === null ? { to: null, ms: null } : { to: by.at, ms: lasted(hold, by) }
  const run = runs.find((each) => each.run === hold.run)
  const told = allTold(
    records.filter((record) => record.seq <= hold.seq && record.run === hold.run),
    'forecastSteps',
  ).at(-1)
  const parts = by && run ? partsOf(run, hold.at, by.at, told?.value ?? {}) : []
  return {
    move: hold.move,
    run: hold.run,
    direction,
    from: hold.at,
    ...ends,
    outcome,
    forecastMs: forecast.ms,
    budgetMs: budget?.value ?? null,
    parts,
    worstStep: parts.toSorted((a, b) => beyond(b) - beyond(a))[0]?.step ?? null,
    seqs: [...forecast.seqs, hold.seq, ...(by ? [by.seq] : [])],
  }
}

/** By the clock of the journal, or as the release measured it: somebody may have set that clock in between. */
function lasted(hold: JournalRecord, by: JournalRecord): number {
  const [ms, told] = [between(hold.at, by.at), by.details['pauseMs']]
  return typeof told === 'number' && told >= 0 && (ms < told || ms > told + clockWasSetMs) ? told : ms
}

/** What was told last in this run before clients were held; the plan's figure where nothing was. */
function forecastBefore(
  hold: JournalRecord,
  records: readonly JournalRecord[],
  plan: Planned | null,
): { readonly ms: number | null; readonly seqs: readonly number[] } {
  const own = records.filter(({ seq, run }) => seq <= hold.seq && run === hold.run)
  const told = allTold(own, 'forecastPauseMs').at(-1)
  if (told) return { ms: told.value, seqs: [told.seq] }
  return { ms: plan?.moves.find(({ name }) => name === hold.move)?.forecastPauseMs ?? null, seqs: [] }
}

/** How many ms a step took more than it was thought to take. */
function beyond({ ms, forecastMs }: Pause['parts'][number]): number {
  return ms - (forecastMs ?? 0)
}

/** Steps that went on between the two times. */
function partsOf({ steps }: ReportedRun, from: string, to: string, forecast: Readonly<Record<string, number>>): Pause['parts'] {
  const parts = steps.flatMap(({ step, title, attempts }) =>
    attempts.flatMap(({ startedAt, endedAt, ms }) =>
      endedAt !== null && ms !== null && startedAt >= from && endedAt <= to
        ? [{ step, title, fromMs: between(from, startedAt), ms, forecastMs: forecast[nameThere(step)] ?? null }]
        : [],
    ),
  )
  return parts.toSorted((a, b) => a.fromMs - b.fromMs)
}
