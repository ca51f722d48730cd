// Goes along the chain and tells where it breaks: to go on after a crash, to make the index anew, to verify.
import { stat } from 'node:fs/promises'
import { linkTo, readLine, writeHeader, type Line, type Link } from './line.ts'
import { linesOf, type Placed, type Segment } from './segments.ts'

/** How far it is known: the segment, the end of its last known line, and that line. */
export type Mark = Link & { readonly segment: number; readonly offset: number }

export type Broken = {
  /** Of the first line that is not as it was written. */
  readonly seq: number
  readonly segment: number
  readonly offset: number
  readonly why: string
  /** It is the end of the last segment: what an interrupted write leaves. */
  readonly isTail: boolean
}

export type Walked = { readonly mark: Mark; readonly broken: Broken | null }

/** What is found: lines that belong together, with where they stand. */
export type See = (segment: number, lines: readonly (Line & Placed)[]) => void

/**
 * From `start` over these segments (that of `start` is the first of them, if it is in one) to their end, or to `until`.
 * Sees each line that is as it was written.
 */
export async function walk(segments: readonly Segment[], start: Mark, see: See, until: Mark | null = null): Promise<Walked> {
  let mark = start
  for (const segment of segments) {
    const isLast = segment === segments.at(-1)
    const size = until?.segment === segment.first ? until.offset : (await stat(segment.file)).size
    const from = mark.segment === segment.first ? mark : { seq: mark.seq, hash: mark.hash, segment: segment.first, offset: 0 }
    if (size < from.offset) return brokenAt(mark, segment, from.offset, 'its segment is shorter than it was', false)
    const walked = await walkSegment(segment, from, size, isLast, see)
    if (walked.broken !== null) return walked
    mark = walked.mark
  }
  return { mark, broken: null }
}

async function walkSegment(segment: Segment, from: Mark, size: number, isLast: boolean, see: See): Promise<Walked> {
  let mark = from
  const chunks = linesOf(segment.file, from.offset, size)
  for (;;) {
    const { value, done } = await chunks.next()
    if (done === true) return value === size ? { mark, broken: null } : brokenAt(mark, segment, value, 'it is not whole', isLast)
    const good: (Line & Placed)[] = []
    for (const placed of value) {
      const next = placed.offset === 0 ? headerOf(mark, segment, placed) : lineAfter(mark, placed)
      if (typeof next === 'string') {
        see(segment.first, good)
        const isTail = isLast && placed === value.at(-1) && placed.offset + placed.bytes === size
        return brokenAt(mark, segment, placed.offset, next, isTail)
      }
      mark = { segment: segment.first, offset: placed.offset + placed.bytes, seq: next.seq, hash: next.hash }
      if (isLine(next)) good.push({ ...next, ...placed })
    }
    see(segment.first, good)
  }
}

function isLine(link: Link | Line): link is Line {
  return 'body' in link
}

function headerOf(mark: Mark, segment: Segment, { text }: Placed): Link | string {
  const isOurs = segment.first === mark.seq + 1 && `${text}\n` === writeHeader(mark)
  return isOurs ? { seq: mark.seq, hash: mark.hash } : 'its segment does not follow what is before it'
}

function lineAfter(mark: Mark, { text }: Placed): Line | string {
  const line = readLine(text)
  if (line === null) return 'it is no record'
  if (line.seq !== mark.seq + 1) return `record ${line.seq} stands in its place`
  return linkTo(mark, line.body).hash === line.hash ? line : 'it is not as it was written, or does not follow what is before it'
}

function brokenAt(mark: Mark, segment: Segment, offset: number, why: string, isTail: boolean): Walked {
  return { mark, broken: { seq: mark.seq + 1, segment: segment.first, offset, why, isTail } }
}
