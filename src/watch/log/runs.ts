// Records side by side of one kind, target and observer, of one minute at most: what the index tells of. A row for each record
// would cost more than the record.
import type { Evidence } from '../../core/evidence.ts'
import { contentOf, type Content, type Line } from './line.ts'
import type { Placed } from './segments.ts'

export const longestRunMs = 60_000

/** A line that is on the disk, and what it holds. */
export type Entry = Placed & { readonly content: Content }

type Key = { readonly kind: string; readonly target: string; readonly observer: string }
/** `began`, `ended`: the earliest and the latest time of its records, in milliseconds. */
export type Run = Key & { readonly offset: number; readonly bytes: number; readonly began: number; readonly ended: number }

export function entryOf(line: Line & Placed): Entry {
  return { text: line.text, offset: line.offset, bytes: line.bytes, content: contentOf(line) }
}

export function runsOf(entries: readonly Entry[]): Run[] {
  const runs: Run[] = []
  for (const { content, offset, bytes } of entries) {
    if (content.evidence === undefined) continue
    const at = Date.parse(content.evidence.at)
    const one: Run = { ...keyOf(content.evidence), offset, bytes, began: at, ended: at }
    const longer = joined(runs.at(-1), one)
    if (longer === null) runs.push(one)
    else runs[runs.length - 1] = longer
  }
  return runs
}

function joined(run: Run | undefined, next: Run): Run | null {
  if (run === undefined || run.offset + run.bytes !== next.offset) return null
  const isSame = run.kind === next.kind && run.target === next.target && run.observer === next.observer
  const [began, ended] = [Math.min(run.began, next.began), Math.max(run.ended, next.ended)]
  return isSame && ended - began <= longestRunMs ? { ...run, bytes: run.bytes + next.bytes, began, ended } : null
}

/** Empty where the record has no such field. */
function keyOf(evidence: Evidence): Key {
  return {
    kind: evidence.kind,
    target: 'target' in evidence ? evidence.target : '',
    observer: 'observer' in evidence ? evidence.observer : '',
  }
}
