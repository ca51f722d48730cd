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
  const isWanted = wantedBy(query)
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
        take(buffer, filled, isWanted, found)
        filled = 0
        if (found.length >= limit) break
        await turn()
      }
      if (bytes > buffer.length) buffer = Buffer.allocUnsafe(bytes)
      // Not the asynchronous read: a day of one target is tens of thousands of small ones, which lie in the cache.
      filled += readSync(open.fd, buffer, filled, bytes, offset)
    }
    take(buffer, filled, isWanted, found)
    return found.length > limit ? found.slice(0, limit) : found
  } finally {
    if (open !== null) closeSync(open.fd)
  }
}

/** Parsed together: half the cost of a line at a time. */
function take(buffer: Buffer, filled: number, isWanted: (kept: Kept) => boolean, found: Kept[]): void {
  if (filled === 0) return
  const lines = buffer.toString('utf8', 0, filled - 1).replaceAll('\n', ',')
  for (const kept of JSON.parse(`[${lines}]`) as Kept[]) if (isWanted(kept)) found.push(kept)
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
