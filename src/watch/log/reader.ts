// Reads the evidence log beside whoever writes it: for reports and scores, which another process may make.
import { createHash } from 'node:crypto'
import path from 'node:path'
import type { EvidenceLog, EvidencePage, Narrowing } from '../evidence-log.ts'
import { readCatalogue, type Stretch } from './catalogue.ts'
import { contentOf, readLine, type Link } from './line.ts'
import type { Looks, LooksQuery } from './minutes.ts'
import { readPage } from './page.ts'
import { readStretches } from './read.ts'
import { changed } from './recover.ts'
import { readAt, segmentAt } from './segments.ts'
import { verifySegments, type LogChain } from './verify.ts'

export type EvidenceReader = Pick<EvidenceLog, 'read' | 'close'> & {
  /** Bytes that were kept; null: there are none of this SHA-256, or retention dropped them. */
  readonly raw: (sha256: string) => Promise<Uint8Array | null>
  /** What was kept behind the record `seq`, in its order: at most `limit` records. */
  readonly after: (seq: number, limit: number, narrowing?: Narrowing) => Promise<EvidencePage>
  /** Counted by rung, for as long as records are kept. */
  readonly looks: (query: LooksQuery) => Promise<readonly Looks[]>
  /** Reads all of it. `cited`: places as reports have them. */
  readonly verify: (cited?: readonly Link[]) => Promise<LogChain>
}

/** Null: no evidence was ever kept in this folder, or its writer has to make the index anew. What is kept later is found, too. */
export function openEvidenceReader(folder: string): EvidenceReader | null {
  const catalogue = readCatalogue(path.join(folder, 'index.sqlite'))
  if (catalogue === null) return null
  return {
    read: async (query) => await readStretches(folder, catalogue.find(query), query),
    raw: async (sha256) => await readRaw(folder, catalogue.findRaw(sha256), sha256),
    looks: async (query) => await Promise.resolve(catalogue.looks(query)),
    after: async (seq, limit, narrowing = {}) => await readPage(folder, catalogue.segments(), seq, limit, narrowing),
    verify: async (cited = []) => {
      const end = catalogue.segments().at(-1)
      return await verifySegments(folder, end ?? { seq: 0, hash: '', segment: 0, offset: 0 }, cited)
    },
    close: async () => await Promise.resolve(catalogue.close()),
  }
}

/** `at`: its line; null: there is none. */
export async function readRaw(folder: string, at: Stretch | null, sha256: string): Promise<Uint8Array | null> {
  if (at === null) return null
  const line = readLine((await readAt(segmentAt(folder, at.segment).file, at.offset, at.bytes)).toString('utf8').trimEnd())
  const raw = line === null ? undefined : contentOf(line).raw
  const bytes = Buffer.from(raw?.base64 ?? '', 'base64')
  const isSame = createHash('sha256').update(bytes).digest('hex') === sha256
  if (!isSame) throw changed(folder, `the bytes that were kept as ${sha256} have changed`)
  return bytes
}
