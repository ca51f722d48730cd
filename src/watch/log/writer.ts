// Writes behind the end of the last segment. All that waits while the disk is busy goes with the next write, and shares its
// fsync: a thousand callers cost as much as one.
import { LifeboatError } from '../../core/errors.ts'
import type { Catalogue } from './catalogue.ts'
import { bodyOf, linkTo, writeLine, type Content, type Link } from './line.ts'
import type { Entry } from './runs.ts'
import { failureOf, type Tail } from './tail.ts'
import type { Mark } from './walk.ts'

const mostBytesAtOnce = 8 * 1024 * 1024

export type Writer = {
  /** Resolves with the places of these, side by side, once they are on the disk. */
  readonly write: (contents: readonly Content[]) => Promise<readonly Link[]>
  readonly close: () => Promise<void>
}

type Waiting = {
  readonly contents: readonly Content[]
  readonly bodies: readonly string[]
  readonly resolve: (links: readonly Link[]) => void
  readonly reject: (error: unknown) => void
}

export function openWriter(tail: Tail, catalogue: Catalogue): Writer {
  let closed = false
  let waiting: Waiting[] = []
  let working: Promise<void> | null = null
  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, fitting(waiting))
      waiting = waiting.slice(batch.length)
      await writeTogether(tail, catalogue, batch).catch((error: unknown) => {
        for (const { reject } of batch) reject(error)
      })
    }
    working = null
  }
  return {
    write: async (contents) => {
      if (closed) throw new LifeboatError('not-now', 'The evidence log is closed.')
      const { promise, resolve, reject } = Promise.withResolvers<readonly Link[]>()
      waiting.push({ contents, bodies: contents.map(bodyOf), resolve, reject })
      working ??= Promise.resolve().then(work)
      return await promise
    },
    close: async () => {
      closed = true
      await working
      await tail.close()
    },
  }
}

async function writeTogether(tail: Tail, catalogue: Catalogue, batch: readonly Waiting[]): Promise<void> {
  const start = await tail.ready()
  const { bytes, entries, links, end } = assemble(start, batch)
  await tail.write(bytes, end)
  try {
    catalogue.add(end, entries)
  } catch (error) {
    await tail.takeBack(start)
    throw failureOf(tail.folder, error)
  }
  let at = 0
  for (const { contents, resolve } of batch) resolve(links.slice(at, (at += contents.length)))
}

/** How many of them go together: at least one. */
function fitting(waiting: readonly Waiting[]): number {
  let bytes = 0
  const over = waiting.findIndex(({ bodies }) => {
    bytes += bodies.reduce((sum, { length }) => sum + length, 0)
    return bytes > mostBytesAtOnce
  })
  return over === -1 ? waiting.length : Math.max(1, over)
}

function assemble(start: Mark, batch: readonly Waiting[]): { readonly bytes: Buffer; readonly entries: Entry[]; readonly links: Link[]; readonly end: Mark } {
  let link: Link = start
  let offset = start.offset
  const entries: Entry[] = []
  const links: Link[] = []
  for (const { contents, bodies } of batch)
    for (const [at, content] of contents.entries()) {
      const body = bodies[at] ?? ''
      link = linkTo(link, body)
      const text = writeLine(link, body)
      const bytes = Buffer.byteLength(text)
      entries.push({ text, offset, bytes, content })
      links.push(link)
      offset += bytes
    }
  return { bytes: Buffer.from(entries.map(({ text }) => text).join('')), entries, links, end: { segment: start.segment, offset, ...link } }
}
