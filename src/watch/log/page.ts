// Reads on behind a place in the log, in its order, a page at a time: for whoever follows it. Lines carry their numbers, so a
// segment is its own index.
import { open, type FileHandle } from 'node:fs/promises'
import type { EvidencePage, Kept, Narrowing } from '../evidence-log.ts'
import { contentOf, readLine, type Line } from './line.ts'
import { isAmong } from './read.ts'
import { linesOf, segmentAt } from './segments.ts'
import type { Mark } from './walk.ts'

/** A page looks at so much of the log, whatever it finds there. */
const mostBytes = 4 * 1024 * 1024
/** Nearer than this the lines themselves are read. */
const nearBytes = 64 * 1024

/** `segments`: each with its last line. At most `limit` records, and fewer where what is asked for is rare: `through` tells how far it looked. */
export async function readPage(folder: string, segments: readonly Mark[], after: number, limit: number, narrowing: Narrowing): Promise<EvidencePage> {
  const head = segments.at(-1)?.seq ?? 0
  const last = segments.find(({ seq }) => seq > after)
  if (last === undefined || limit < 1) return { records: [], through: Math.min(after, head), head }
  const records: Kept[] = []
  let through = after
  let looked = 0
  for await (const { line, bytes } of linesBehind(segmentAt(folder, last.segment).file, last.offset, after)) {
    const { evidence } = contentOf(line)
    if (evidence !== undefined && isAmong(evidence, narrowing)) records.push({ seq: line.seq, hash: line.hash, evidence })
    through = line.seq
    looked += bytes
    if (records.length === limit || looked > mostBytes) break
  }
  return { records, through, head }
}

async function* linesBehind(file: string, end: number, after: number): AsyncGenerator<{ readonly line: Line; readonly bytes: number }> {
  for await (const lines of linesOf(file, await placeBefore(file, end, after), end))
    for (const { text, bytes } of lines) {
      const line = readLine(text)
      // The first of a segment is none.
      if (line !== null && line.seq > after) yield { line, bytes }
    }
}

/** The beginning of a line that is not behind the one with the number `after`, and not long before it. */
async function placeBefore(file: string, end: number, after: number): Promise<number> {
  const handle = await open(file, 'r')
  try {
    let [low, high] = [0, end]
    while (high - low > nearBytes) {
      const middle = Math.floor((low + high) / 2)
      const found = await lineBehind(handle, middle)
      // Where no line begins there, what is sought may be before it just as well.
      if (found === null || found.seq > after) high = middle
      else low = found.offset
    }
    return low
  } finally {
    await handle.close()
  }
}

/** The first line that begins behind an offset, and not much behind it. */
async function lineBehind(handle: FileHandle, offset: number): Promise<{ readonly offset: number; readonly seq: number } | null> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(nearBytes), 0, nearBytes, offset)
  const text = buffer.toString('latin1', 0, bytesRead)
  const begin = text.indexOf('\n') + 1
  const [, seq] = /^\{"seq":(\d{1,15}),/.exec(text.slice(begin, begin + 32)) ?? []
  return begin === 0 || seq === undefined ? null : { offset: offset + begin, seq: Number(seq) }
}
