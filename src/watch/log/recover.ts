// What opening finds in the folder: goes on from what the index knows, and cuts off what an interrupted write left.
import { stat, truncate, unlink } from 'node:fs/promises'
import path from 'node:path'
import { LifeboatError } from '../../core/errors.ts'
import type { Catalogue } from './catalogue.ts'
import type { Link } from './line.ts'
import { entryOf } from './runs.ts'
import { readAt, readDropped, segmentAt, segmentsIn, syncFolder, type Segment } from './segments.ts'
import { walk, type Broken, type Mark } from './walk.ts'

/** Goes on from what the index knows to the end of the segments; answers that end. */
export async function recover(folder: string, catalogue: Catalogue, tell: (text: string) => void): Promise<Mark> {
  const dropped = await readDropped(folder)
  const segments = await withoutDropped(folder, catalogue, dropped)
  const known = catalogue.segments()
  for (const { segment, seq } of known)
    if (!segments.some(({ first }) => first === segment)) throw changed(folder, `the segment with records ${segment} to ${seq} is gone`)
  const mark = known.at(-1) ?? { ...dropped, segment: 0, offset: 0 }
  const rest = await withoutEmpty(folder, segments.slice(known.length === 0 ? 0 : segments.findIndex(({ first }) => first === mark.segment)), mark, tell)
  const { mark: end, broken } = await walk(rest, mark, (segment, lines) => {
    const last = lines.at(-1)
    if (last !== undefined) catalogue.add({ segment, offset: last.offset + last.bytes, seq: last.seq, hash: last.hash }, lines.map(entryOf))
  })
  if (broken !== null) await cutTail(folder, broken, tell)
  return end
}

/** Retention may have been interrupted after it said what it drops. */
async function withoutDropped(folder: string, catalogue: Catalogue, dropped: Link): Promise<readonly Segment[]> {
  const segments = await segmentsIn(folder)
  const [gone, left] = [segments.filter(({ first }) => first <= dropped.seq), segments.filter(({ first }) => first > dropped.seq)]
  for (const { file } of gone) await unlink(file)
  for (const { segment } of catalogue.segments()) if (segment <= dropped.seq) catalogue.forget(segment)
  return left
}

/** A segment whose first line was interrupted has no record: it is made anew. */
async function withoutEmpty(folder: string, segments: readonly Segment[], mark: Mark, tell: (text: string) => void): Promise<readonly Segment[]> {
  const last = segments.at(-1)
  if (last === undefined || last.first === mark.segment) return segments
  if ((await readAt(last.file, 0, 512)).includes(0x0a)) return segments
  await unlink(last.file)
  await syncFolder(folder)
  tell(`A segment of evidence that was interrupted before its first record was removed: ${last.file}.`)
  return segments.slice(0, -1)
}

/** What an interrupted write left was never acknowledged; anything else is not ours to remove. */
async function cutTail(folder: string, broken: Broken, tell: (text: string) => void): Promise<void> {
  if (!broken.isTail) throw changed(folder, `record ${broken.seq} (${path.basename(segmentAt(folder, broken.segment).file)}): ${broken.why}`)
  const { file } = segmentAt(folder, broken.segment)
  const { size } = await stat(file)
  await truncate(file, broken.offset)
  tell(
    `The last write of evidence was interrupted: ${size - broken.offset} bytes behind record ${broken.seq - 1} were cut off. No acknowledged record was in them.`,
  )
}

export function changed(folder: string, what: string): LifeboatError {
  return new LifeboatError('evidence-changed', `The evidence in ${folder} is not what was written: ${what}.`)
}
