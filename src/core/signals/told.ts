// What a delivery of monitoring tells, whatever its family, and what it counts for. Deliveries come late, twice and in any
// order: in the end the same instances stand as if each had come once and in time.
import type { Signal } from '../evidence.ts'

export type Told = Pick<Signal, 'instanceKey' | 'state' | 'severity' | 'occurredAt' | 'subjects' | 'text'> & {
  /** What was set up to ring, the same each time that it does. */
  readonly alarm: string
}

/** How an instance stands; times in milliseconds. */
export type Instance = { readonly state: 'firing' | 'resolved'; readonly occurredAt: number }

export type Verdict = { readonly weight: 1 } | { readonly weight: 0; readonly dropReason: string }

/** A retry of the most patient sender comes after 48 hours. */
export const deliveryTtlMs = 49 * 3_600_000
/** Older evidence says nothing of now: all that a replayed delivery without a signed time could bring. */
export const maxEvidenceAgeMs = 120_000
/** By how much the clock of a sender may be ahead. */
export const maxSkewMs = 300_000

export type Circumstances = {
  /** Milliseconds. */
  readonly receivedAt: number
  readonly occurredAt: number
  /** Whether this very delivery was kept before. */
  readonly isRepeated: boolean
  readonly before: Instance | undefined
  readonly isFlapping: boolean
}

/** What it counts for. Only the beginning and the end of an instance are votes, each once. */
export function weigh(state: Signal['state'], { receivedAt, occurredAt, isRepeated, before, isFlapping }: Circumstances): Verdict {
  if (isRepeated) return dropped('The same delivery was kept before.')
  if (state !== 'firing' && state !== 'resolved') return dropped(`"${state}" is no vote.`)
  if (receivedAt - occurredAt > maxEvidenceAgeMs) return dropped(`It is of more than ${maxEvidenceAgeMs / 1000} s ago.`)
  if (occurredAt - receivedAt > maxSkewMs) return dropped(`It is of more than ${maxSkewMs / 1000} s from now.`)
  if (before?.state === state) return dropped(state === 'firing' ? 'It was firing already.' : 'It was resolved already.')
  if (before !== undefined && !isNewer({ state, occurredAt }, before)) return dropped('Something newer of the same instance came before.')
  return isFlapping ? dropped('This alarm is flapping.') : { weight: 1 }
}

/** How the instance stands after this. The order in which deliveries come makes no difference. */
export function standing(before: Instance | undefined, told: Instance): Instance {
  return before === undefined || isNewer(told, before) ? told : before
}

/** At the same time the end comes after the beginning. */
function isNewer(one: Instance, other: Instance): boolean {
  return one.occurredAt === other.occurredAt ? one.state === 'resolved' && other.state === 'firing' : one.occurredAt > other.occurredAt
}

function dropped(dropReason: string): Verdict {
  return { weight: 0, dropReason }
}
