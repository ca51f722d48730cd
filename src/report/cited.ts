// Which records of the journal a report rests on: those are kept when not all have room.
import type { JournalRecord } from '../core/records.ts'

/** Every number under a key `seqs`, wherever it stands. */
export function citedIn(value: unknown, found = new Set<number>()): ReadonlySet<number> {
  if (typeof value !== 'object' || value === null) return found
  for (const [key, inside] of Object.entries(value)) {
    if (key === 'seqs' && Array.isArray(inside)) for (const seq of inside) found.add(seq)
    else citedIn(inside, found)
  }
  return found
}

/** The cited ones, then what is more than progress, then the rest; each in the order of the journal. */
export function citedFirst<Kept extends Pick<JournalRecord, 'seq' | 'state'>>(records: readonly Kept[], wanted: ReadonlySet<number>): Kept[] {
  const rank = ({ seq, state }: Kept) => (wanted.has(seq) ? 0 : state === 'progress' ? 2 : 1)
  return records.toSorted((a, b) => rank(a) - rank(b) || a.seq - b.seq)
}
