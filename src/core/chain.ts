// The journal's hash chain: each record of a move carries a hash over itself and the hash of the record of that move
// before it. Whoever changes, drops, swaps or inserts a record breaks the chain there, or must rewrite all that follows.
import { canonicalJson } from './canonical.ts'
import type { JournalRecord } from './records.ts'

/** SHA-256 of the text's UTF-8 bytes, in lower-case hex. */
export type Sha256 = (text: string) => string

/** The part of a record that its writer brings; number and time come from the database. */
export type Entry = Omit<JournalRecord, 'schema' | 'seq' | 'at' | 'hash'>

/** A record that somebody else wrote down, too: a report. */
export type Citation = Pick<JournalRecord, 'seq'> & { readonly hash: string }

/** A record that is not as it was written, or that is gone: then `at` and `step` are not known. */
export type Break = Pick<JournalRecord, 'seq'> & { readonly at: string | null; readonly step: string | null; readonly why: string }

export type Chain = {
  readonly records: number
  /** Records of versions that kept no hashes: nothing can be told of them. */
  readonly unlinked: number
  /** The last record that has a hash. */
  readonly head: Citation | null
  readonly broken: Break | null
}

/**
 * An entry as the database gives it back: what JSON has no word for is gone, and what PostgreSQL's text and jsonb cannot
 * hold (NUL, half a surrogate pair) is U+FFFD.
 */
export function storable({ move, run, step, state, text, details }: Entry): Entry {
  // JSON.stringify writes half a pair as an escape, a whole one as it is; `\\` goes first so that it escapes nothing here.
  const json = JSON.stringify({ move, run, step, state, text, details })
  return JSON.parse(json.replaceAll(/\\\\|\\u0000|\\ud[89a-f][0-9a-f]{2}/g, (found) => (found === '\\\\' ? found : '\ufffd'))) as Entry
}

/** The canonical form of an entry that is `storable`. */
export function canonicalEntry({ move, run, step, state, text, details }: Entry): string {
  return canonicalJson({ move, run, step, state, text, details })
}

/** What a record's hash is made of: the hash before it (empty: none), its number, its time, its canonical entry; a line each. */
export function linkedText(before: string | null, record: JournalRecord): string {
  return `${before ?? ''}\n${record.seq}\n${record.at}\n${canonicalEntry(record)}`
}

/** The chain of one move, from all its records in order. `cited`: records of the same move as they were once reported. */
export function chainOf(records: readonly JournalRecord[], sha256: Sha256, cited: readonly Citation[] = []): Chain {
  const linked = records.filter(({ hash }) => hash !== null)
  const last = linked.at(-1)
  return {
    records: records.length,
    unlinked: records.length - linked.length,
    head: last === undefined ? null : { seq: last.seq, hash: last.hash ?? '' },
    broken: [otherwiseCited(records, cited), brokenIn(records, sha256)].reduce(earlier),
  }
}

/** A chain begins once; records before it are older than the chain, and one without a hash after that was put there. */
function brokenIn(records: readonly JournalRecord[], sha256: Sha256): Break | null {
  let before: string | null = null
  for (const record of records) {
    const { seq, at, step, hash } = record
    if (hash === null && before !== null) return { seq, at, step, why: 'has no hash, while those before it have one' }
    if (hash !== null && hash !== sha256(linkedText(before, record)))
      return { seq, at, step, why: 'is not as it was written, or does not follow what is before it' }
    before = hash
  }
  return null
}

function otherwiseCited(records: readonly JournalRecord[], cited: readonly Citation[]): Break | null {
  const found = new Map(records.map((record) => [record.seq, record]))
  const wrong = cited
    .filter(({ seq, hash }) => found.get(seq)?.hash !== hash)
    .reduce<Citation | null>((first, each) => (first === null || each.seq < first.seq ? each : first), null)
  if (wrong === null) return null
  const record = found.get(wrong.seq)
  const why = record === undefined ? 'is gone; a report has it' : 'is not as a report has it'
  return { seq: wrong.seq, at: record?.at ?? null, step: record?.step ?? null, why }
}

function earlier(one: Break | null, other: Break | null): Break | null {
  if (one === null || other === null) return one ?? other
  return other.seq < one.seq ? other : one
}
