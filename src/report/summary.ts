// The report in one or two sentences, for somebody who reads no further.
import { formatDuration } from '../core/units.ts'
import type { Pause, Report, ReportedMove } from './schema.ts'
import { count } from './wording.ts'

export function summaryOf(moves: readonly ReportedMove[], pauses: readonly Pause[], { requests, failed, lostWrites }: Report['figures']): string {
  const switched = pauses.filter(({ outcome }) => outcome === 'switched')
  const back = switched.filter(({ direction }) => direction === 'back').length
  const there = switched.length - back
  const undone = pauses.filter(({ outcome }) => outcome === 'undone').length
  const parts = [
    `${plural(moves.length, 'node')}: ${there === 0 ? 'nothing has been switched' : `switched ${times(there)}`}`,
    ...(back > 0 ? [`gone back ${times(back)}`] : []),
    ...(undone > 0 ? [`${plural(undone, 'attempt')} undone before the switch`] : []),
  ]
  const longest = pauses.reduce<number | null>((most, { ms }) => (ms === null ? most : Math.max(most ?? 0, ms)), null)
  const outcome = [
    ...(requests.value === null || failed.value === null ? [] : [`${count(failed.value)} of ${plural(requests.value, 'request')} failed`]),
    ...(lostWrites.value === null
      ? []
      : [lostWrites.value === 0 ? 'no acknowledged write was lost' : `${plural(lostWrites.value, 'acknowledged write')} lost`]),
    ...(longest === null ? [] : [`no pause was longer than ${formatDuration(longest)}`]),
  ]
  return `${parts.join(', ')}. ${outcome.length === 0 ? '' : `${capital(outcome.join('; '))}.`}`.trim()
}

function plural(amount: number, word: string): string {
  return `${count(amount)} ${word}${amount === 1 ? '' : 's'}`
}

function times(amount: number): string {
  return amount === 1 ? 'once' : amount === 2 ? 'twice' : `${count(amount)} times`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
