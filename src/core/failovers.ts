// Fail-overs as the journal tells them: which there were, and when each of their clock points came.
import type { JournalRecord } from './records.ts'
import { msOf } from './instant.ts'
import type { Failover } from './policy.ts'

/** Steps whose records tell which there were. */
export const failoverSteps = ['decide-failover', 'commit-switch', 'attempt', 'move'] as const
/** Steps whose records tell how one went. */
export const pointSteps = [
  'decide-failover',
  'confirm-fence',
  'seal-source',
  'commit-switch',
  'switch-dns',
  'watch-target',
  'await-finish',
  'reprotect',
] as const

type Told = Pick<JournalRecord, 'seq' | 'at' | 'move' | 'step' | 'state' | 'details'>

/** In the order of their beginnings. `told`: of one or many moves, by number; what ended before the first of it is not known. */
export function failoversOf(told: readonly Told[]): readonly Failover[] {
  const ended: Failover[] = []
  const atWork = new Map<string, Failover>()
  for (const record of told) {
    const open = atWork.get(record.move)
    if (record.step === 'decide-failover') {
      atWork.set(record.move, begun(open, record))
      if (record.details['refused'] !== undefined) atWork.delete(record.move)
    } else if (open !== undefined && ends(record)) {
      ended.push({ ...open, endedAt: msOf(record.at) })
      atWork.delete(record.move)
    }
  }
  return [...ended, ...atWork.values()].toSorted((one, other) => one.startedAt - other.startedAt)
}

/** Who wanted it, its last record tells. */
function begun(open: Failover | undefined, { seq, at, move, details: { id, trigger } }: Told): Failover {
  const by = trigger === 'policy' ? 'policy' : 'approval'
  const name = typeof id === 'string' ? id : (open?.id ?? `${move}#${seq}`)
  return { id: name, move, startedAt: open?.startedAt ?? msOf(at), endedAt: null, by }
}

/** Committed, undone, or over with the run. A run that begins is no end. */
function ends({ step, state }: Told): boolean {
  return (step === 'commit-switch' && state === 'done') || step === 'attempt' || (step === 'move' && state !== 'started' && state !== 'progress')
}

/** T3 to T10 of the incident report (report/incident/schema.ts), as far as they came: of one move, from the time when it was suspected. */
export type FailoverPoints = Readonly<Partial<Record<'T3' | 'T4' | 'T5' | 'T6' | 'T7' | 'T8' | 'T9' | 'T10', string>>>

export function pointsOf(told: readonly Told[]): FailoverPoints {
  const decided = told.find(isDone('decide-failover'))
  if (decided === undefined) return {}
  const after = told.filter(({ seq }) => seq > decided.seq)
  const served = after.find(isDone('commit-switch'))
  const since = served === undefined ? [] : after.filter(({ seq }) => seq > served.seq)
  const first = (records: readonly Told[], isIt: (record: Told) => boolean): string | undefined => records.find(isIt)?.at
  const fenced = after.findLast(
    (record) => (served === undefined || record.seq < served.seq) && (isDone('confirm-fence')(record) || isDone('seal-source')(record)),
  )
  return {
    T3: decided.at,
    ...given('T4', fenced?.at),
    ...given('T5', served?.at),
    ...given('T6', first(since, isDone('switch-dns'))),
    ...given(
      'T7',
      first(since, (record) => record.step === 'watch-target' && staleOf(record) === 0),
    ),
    ...given(
      'T8',
      first(since, (record) => record.step === 'watch-target' && record.details['red'] === 0),
    ),
    ...given('T9', first(since, isDone('await-finish'))),
    ...given('T10', first(since, isDone('reprotect'))),
  }
}

function given(point: keyof FailoverPoints, at: string | undefined): FailoverPoints {
  return at === undefined ? {} : { [point]: at }
}

function isDone(step: string): (record: Told) => boolean {
  return (record) => record.step === step && record.state === 'done'
}

/** Answers of caches that still told the old address; null: none was asked. */
function staleOf({ details: { cached } }: Told): number | null {
  const stale: unknown = typeof cached === 'object' && cached !== null ? Reflect.get(cached, 'stale') : null
  return typeof stale === 'number' ? stale : null
}
