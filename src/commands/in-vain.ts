// Runs that wait for another move (`after:`, `freezes:`) which came to nothing: whoever watches them would wait for ever.
import { LifeboatError } from '../core/errors.ts'
import type { JournalRecord } from '../core/records.ts'

type Verdicts = ReadonlyMap<string, { readonly status: number }>

/**
 * Keeps what each watched move said last, and answers for those that wait for one which does not go on: it ended otherwise
 * under these eyes, or it is not watched and rests. What is watched and goes on again clears it; its old words do not count.
 */
export function waitsInVain(watched: ReadonlySet<string>) {
  const waiting = new Map<string, JournalRecord>()
  return {
    note: (record: JournalRecord): void => {
      if (record.state === 'waiting' && ['after', 'freeze'].includes(String(record.details['waitingFor']))) waiting.set(record.move, record)
      else waiting.delete(record.move)
    },
    /** One failure for each move that has no verdict yet; those that wait for it in their turn come with the next call. */
    failures: (verdicts: Verdicts): readonly (readonly [string, LifeboatError])[] =>
      [...waiting.values()].flatMap((record) => {
        const { move, text, details } = record
        if (verdicts.has(move) || !isInVain(details, watched, verdicts)) return []
        return [[move, new LifeboatError('waiting-after', `${move} keeps in step: ${text}`, { details: { move, after: details['move'] } })] as const]
      }),
  }
}

function isInVain({ move, cause, state }: JournalRecord['details'], watched: ReadonlySet<string>, verdicts: Verdicts): boolean {
  const names = [String(move), String(cause)]
  if (names.some((name) => (verdicts.get(name)?.status ?? 0) !== 0)) return true
  return state !== 'running' && !watched.has(String(cause))
}
