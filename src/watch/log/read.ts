// Reads records from the segments, a piece at a time, so that whoever shares this process is not kept waiting.
import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import type { Evidence } from '../../core/evidence.ts'
import type { EvidenceQuery, Kept, Narrowing } from '../evidence-log.ts'
import type { Stretch } from './catalogue.ts'
import { segmentAt } from './segments.ts'

const pieceBytes = 256 * 1024

/** `stretches` in their order; what of them is asked for. */
export async function readStretches(folder: string, stretches: readonly Stretch[], query: EvidenceQuery): Promise<Kept[]> {
  const [isWanted, isWorthReading] = [wantedBy(query), worthReading(query)]
  const { limit = Infinity } = query
  const found: Kept[] = []
  let buffer = Buffer.allocUnsafe(pieceBytes * 2)
  let open = null as { readonly segment: number; readonly fd: number } | null
  try {
    let filled = 0
    for (const { segment, offset, bytes } of stretches) {
      if (open?.segment !== segment) {
        if (open !== null) closeSync(open.fd)
        open = { segment, fd: openSync(segmentAt(folder, segment).file, 'r') }
      }
      if (filled + bytes > buffer.length) {
        take(textIn(buffer, filled, isWorthReading), isWanted, found)
        filled = 0
        if (found.length >= limit) break
        await turn()
      }
      if (bytes > buffer.length) buffer = Buffer.allocUnsafe(bytes)
      // Not the asynchronous read: a day of one target is tens of thousands of small ones, which lie in the cache.
      filled += readSync(open.fd, buffer, filled, bytes, offset)
    }
    take(textIn(buffer, filled, isWorthReading), isWanted, found)
    return found.length > limit ? found.slice(0, limit) : found
  } finally {
    if (open !== null) closeSync(open.fd)
  }
}

/** Parsed together: half the cost of a line at a time. */
function take(lines: string, isWanted: (kept: Kept) => boolean, found: Kept[]): void {
  for (const kept of JSON.parse(`[${lines}]`) as Kept[]) if (isWanted(kept)) found.push(kept)
}

function textIn(buffer: Buffer, filled: number, isWorthReading: ((line: string) => boolean) | null): string {
  const text = buffer.toString('utf8', 0, Math.max(0, filled - 1))
  return isWorthReading === null ? text.replaceAll('\n', ',') : text.split('\n').filter(isWorthReading).join(',')
}

/** Parsing is nearly all of the cost, and a rung stands in its line as it is written here; within a text the quotes would be escaped. Null: all lines are. */
function worthReading({ rungs }: EvidenceQuery): ((line: string) => boolean) | null {
  if (rungs === undefined) return null
  const wanted = rungs.map((rung) => `"rung":"${rung}"`)
  return (line) => wanted.some((each) => line.includes(each)) || !line.includes('"rung":"')
}

function wantedBy({ from, to, ...narrowing }: EvidenceQuery): (kept: Kept) => boolean {
  const [since, before] = [new Date(from).toISOString(), new Date(to).toISOString()]
  return ({ evidence }) => evidence.at >= since && evidence.at < before && isAmong(evidence, narrowing)
}

export function isAmong(evidence: Evidence, { kinds, targets, observers, rungs }: Narrowing): boolean {
  if (kinds?.includes(evidence.kind) === false) return false
  if ('observer' in evidence && observers?.includes(evidence.observer) === false) return false
  return evidence.kind !== 'sample' || (targets?.includes(evidence.target) !== false && rungs?.includes(evidence.rung) !== false)
}
