// Whether the log is what was written: its chain, and the places of it that somebody else has.
import { nothing, type Link } from './line.ts'
import { readDropped, segmentsIn } from './segments.ts'
import { walk, type Mark } from './walk.ts'

export type LogChain = {
  /** Lines that are there and are as they were written: records, and bytes as they came. */
  readonly lines: number
  /** The last line that retention dropped; 0: none. */
  readonly droppedThrough: number
  readonly head: Link | null
  /** The first line that is not as it was written, or not as it was cited. */
  readonly broken: { readonly seq: number; readonly why: string } | null
}

/** From the first line that is left to `end`, the last one that its writer knows of. */
export async function verifySegments(folder: string, end: Mark, cited: readonly Link[]): Promise<LogChain> {
  const dropped = await readDropped(folder)
  const segments = (await segmentsIn(folder)).filter(({ first }) => first <= end.segment && first > dropped.seq)
  const wanted = new Map(cited.map(({ seq, hash }) => [seq, hash]))
  let otherwise: number | null = null
  const { mark, broken } = await walk(
    segments,
    { ...(dropped.seq === 0 ? nothing : dropped), segment: 0, offset: 0 },
    (_, lines) => {
      for (const { seq, hash } of lines) {
        if (wanted.has(seq) && wanted.get(seq) !== hash) otherwise ??= seq
        wanted.delete(seq)
      }
    },
    end,
  )
  const gone = [...wanted.keys()].filter((seq) => seq > dropped.seq && (broken === null || seq < broken.seq))
  const breaks = [
    ...(otherwise === null ? [] : [{ seq: otherwise, why: 'it is not as it was cited' }]),
    ...(broken === null ? [] : [{ seq: broken.seq, why: broken.why }]),
    ...(broken === null && mark.seq < end.seq ? [{ seq: mark.seq + 1, why: `it is gone, and what follows up to record ${end.seq}` }] : []),
    ...gone.map((seq) => ({ seq, why: 'it is gone; a report has it' })),
  ]
  const head = mark.seq === dropped.seq ? null : { seq: mark.seq, hash: mark.hash }
  return { lines: mark.seq - dropped.seq, droppedThrough: dropped.seq, head, broken: breaks.toSorted((a, b) => a.seq - b.seq)[0] ?? null }
}
