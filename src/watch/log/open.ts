// The evidence log: segments of lines, each linked to the one before it by a hash, and an index of them. It is whole after a
// kill at any moment: what was acknowledged is there, and what an interrupted write left behind it is cut off, and said.
import { createHash } from 'node:crypto'
import { mkdir, unlink } from 'node:fs/promises'
import path from 'node:path'
import type { EvidenceLog } from '../evidence-log.ts'
import { openCatalogue, type Catalogue } from './catalogue.ts'
import { takeLogLock } from './lock.ts'
import { readPage } from './page.ts'
import { readStretches } from './read.ts'
import { readRaw, type EvidenceReader } from './reader.ts'
import { recover } from './recover.ts'
import { segmentAt, writeDropped } from './segments.ts'
import { verifySegments } from './verify.ts'
import { openTail, type Tail } from './tail.ts'
import { openWriter } from './writer.ts'

const defaultSegmentBytes = 64 * 1024 * 1024

export type OpenEvidenceLog = EvidenceLog &
  EvidenceReader & {
    /** Drops whole segments whose records are all older (ISO 8601), never the last one; answers how many. */
    readonly dropBefore: (time: string) => Promise<number>
  }

export type LogOptions = {
  /** Hears, in a sentence, what was found and mended when it was opened. */
  readonly tell?: (text: string) => void
  readonly segmentBytes?: number
}

/**
 * Opens or begins the log in a folder, for one writer at a time: else it fails with controller-busy, and with
 * evidence-changed where acknowledged records are gone or are not as they were written.
 */
export async function openEvidenceLog(folder: string, { tell, segmentBytes = defaultSegmentBytes }: LogOptions = {}): Promise<OpenEvidenceLog> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const unlock = takeLogLock(folder)
  let catalogue: Catalogue | null = null
  try {
    catalogue = openCatalogue(path.join(folder, 'index.sqlite'))
    const mark = await recover(folder, catalogue, tell ?? (() => undefined))
    return logOver(folder, catalogue, openTail(folder, mark, segmentBytes), unlock)
  } catch (error) {
    catalogue?.close()
    unlock()
    throw error
  }
}

function logOver(folder: string, catalogue: Catalogue, tail: Tail, unlock: () => void): OpenEvidenceLog {
  const writer = openWriter(tail, catalogue)
  /** Bytes that are on their way to the disk. */
  const keeping = new Map<string, Promise<unknown>>()
  return {
    append: async (evidence) => (evidence.length === 0 ? [] : await writer.write(evidence.map((each) => ({ evidence: each })))),
    keepRaw: async (bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      // In the segment of the records that name it: an older one may be dropped before them.
      if (catalogue.findRaw(sha256)?.segment === tail.mark().segment) return sha256
      const kept = keeping.get(sha256) ?? writer.write([{ raw: { sha256, base64: Buffer.from(bytes).toString('base64') } }])
      keeping.set(sha256, kept)
      await kept.finally(() => keeping.delete(sha256))
      return sha256
    },
    read: async (query) => await readStretches(folder, catalogue.find(query), query),
    raw: async (sha256) => await readRaw(folder, catalogue.findRaw(sha256), sha256),
    looks: async (query) => await Promise.resolve(catalogue.looks(query)),
    after: async (seq, limit, narrowing = {}) => await readPage(folder, catalogue.segments(), seq, limit, narrowing),
    verify: async (cited = []) => await verifySegments(folder, tail.mark(), cited),
    dropBefore: async (time) => await dropBefore(folder, catalogue, Date.parse(time)),
    close: async () => {
      await writer.close()
      catalogue.close()
      unlock()
    },
  }
}

async function dropBefore(folder: string, catalogue: Catalogue, beforeMs: number): Promise<number> {
  const candidates = catalogue.segments().slice(0, -1)
  const kept = candidates.findIndex(({ newestMs }) => newestMs !== null && newestMs >= beforeMs)
  const old = kept === -1 ? candidates : candidates.slice(0, kept)
  const last = old.at(-1)
  if (last === undefined) return 0
  // First the head of the chain of what is left: an interruption after it is made good when the log is opened.
  await writeDropped(folder, last)
  for (const { segment } of old) {
    await unlink(segmentAt(folder, segment).file)
    catalogue.forget(segment)
  }
  return old.length
}
