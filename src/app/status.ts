// `lifeboat.status/1`: where each move stands, derived from its facts and its last journal record.
import { forecastPauseMs, rollbackPrice, sharedPauseMs } from '../core/forecast.ts'
import type { JournalRecord, MoveStatus, Price } from '../core/records.ts'
import { rowOf } from '../core/runbook.ts'
import { completeAt, type MoveFacts } from '../core/stored-move.ts'
import type { Progress, StoredMove } from '../workflows/store.ts'

type Around = {
  /** Those that come after it and are switched. */
  readonly clients: readonly string[]
  /** The members of its freeze that would go back as one, itself among them. */
  readonly together: readonly StoredMove[]
}

/** `last`: the newest record of the move; `now`: milliseconds, for the age of the copy. */
export function statusOf(move: Progress, last: JournalRecord | null, now: number, { clients: after, together }: Around): MoveStatus {
  const { facts, state } = move
  const pauseMs = together.length === 0 ? undefined : sharedPauseMs(together.map((each) => ({ name: each.name, after: each.plan.after, facts: each.facts })))
  const others = together.map(({ name }) => name).filter((name) => name !== move.name)
  const clients = state === 'finished' || facts.serving === 'source' ? [] : after
  return {
    name: move.name,
    step: last?.step ?? '',
    ...(state === 'running' ? { phase: phaseOf(last), state: last?.state ?? 'started' } : { phase: state, state }),
    waitingFor: waitingFor(last),
    ...copyNow(facts, now),
    rollback: state === 'finished' ? tooLate : rollbackPrice(facts, pauseMs),
    sealedAlone: facts.sealedAlone,
    backFirst: clients.filter((name) => !others.includes(name)),
    backTogether: others,
    stragglers: facts.stragglers,
    cached: facts.cached,
    namesSeen: facts.namesSeen,
    failedOver: facts.failedOver === null ? null : { at: facts.failedOver.at, complete: facts.failedOver.complete },
    rehearsal: facts.rehearsal,
    startedAt: move.startedAt,
  }
}

function copyNow(facts: MoveFacts, now: number): Pick<MoveStatus, 'lagSeconds' | 'remainingBytes' | 'forecastPauseMs'> {
  const { lastPass } = facts
  if (lastPass === null) return { lagSeconds: null, remainingBytes: null, forecastPauseMs: null }
  const lagSeconds = Math.max(0, Math.round((now - Date.parse(completeAt(lastPass))) / 100) / 10)
  return { lagSeconds, remainingBytes: lastPass.missingBytes ?? null, forecastPauseMs: forecastPauseMs(facts) }
}

function phaseOf(last: JournalRecord | null): string {
  return rowOf(last?.step ?? '')?.phase ?? 'prepare'
}

const tooLate: Price = { possible: false, seconds: null, writesLost: null, why: 'Finished: the source is off.' }

function waitingFor(last: JournalRecord | null): string | null {
  const what = last?.state === 'waiting' ? last.details['waitingFor'] : undefined
  return typeof what === 'string' ? what : null
}
