// How far a stream of the journal got. Moves write at the same time, so that a record may come after one with a higher number:
// a place in the stream is the highest number that was sent, and those before it that had not come by then.
import { LifeboatError } from '../core/errors.ts'

/** A record with a number so much lower was stored long before, or never will be. */
export const lookBack = 500
const mostRemembered = 10_000

export type Cursor = { readonly top: number; readonly owed: readonly number[] }

/** `4711`, or `4711-4708-4709` where these two had not come. Fails with usage. */
export function readCursor(text: string): Cursor {
  if (!/^\d{1,15}(-\d{1,15})*$/.test(text)) throw new LifeboatError('usage', 'A place in the events is a number, or the id of an event as it came.')
  const [top = 0, ...owed] = text.split('-').map(Number)
  return { top, owed: owed.filter((seq) => seq < top).slice(-lookBack) }
}

export function openCursor({ top: start, owed }: Cursor) {
  let top = start
  const missing = new Set(owed)
  // What may come twice came just now.
  const sent = new Set<number>()
  const skip = (seq: number): void => {
    sent.add(seq)
    if (sent.size > mostRemembered) sent.delete(sent.values().next().value ?? 0)
  }
  return {
    /** Records that are not to be sent. */
    skip: (seqs: readonly number[]): void => seqs.forEach(skip),
    /** The place behind this record; null: it was sent before. */
    pass: (seq: number): string | null => {
      if (sent.has(seq)) return null
      skip(seq)
      missing.delete(seq)
      for (let each = Math.max(top + 1, seq - lookBack); each < seq; each += 1) missing.add(each)
      top = Math.max(top, seq)
      for (const each of missing) if (each < top - lookBack) missing.delete(each)
      return [top, ...missing].join('-')
    },
  }
}
