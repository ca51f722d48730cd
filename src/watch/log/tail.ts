// The end of the last segment, where lines are written; a full one is followed by a new one.
import { open, type FileHandle } from 'node:fs/promises'
import { LifeboatError } from '../../core/errors.ts'
import { writeHeader } from './line.ts'
import { segmentAt, syncFolder, writeAll } from './segments.ts'
import type { Mark } from './walk.ts'

const sqliteFull = 13

export type Tail = {
  readonly folder: string
  /** The last line that is on the disk. */
  readonly mark: () => Mark
  /** Where the next line will stand, with room for it. */
  readonly ready: () => Promise<Mark>
  /** Writes behind `ready`; once they are on the disk, `end` is the mark. After a failure it is as before, or nothing is written any more. */
  readonly write: (bytes: Uint8Array, end: Mark) => Promise<void>
  /** Takes back what was written behind this place, which nobody was told of. */
  readonly takeBack: (to: Mark) => Promise<void>
  readonly close: () => Promise<void>
}

/** `start`: the end of the last segment; its `segment` is 0 while there is none. */
export function openTail(folder: string, start: Mark, segmentBytes: number): Tail {
  let mark = start
  let file: FileHandle | null = null
  /** After a failed fsync nobody knows what the disk has: nothing may be written behind that. */
  let broken: Error | null = null
  const breaking = (error: unknown): never => {
    broken = error instanceof Error ? error : new Error(String(error))
    throw broken
  }
  const handle = async (): Promise<FileHandle> => {
    if (broken !== null) throw broken
    return (file ??= await open(segmentAt(folder, mark.segment).file, 'r+'))
  }
  return {
    folder,
    mark: () => mark,
    ready: async () => {
      if (mark.segment !== 0 && mark.offset < segmentBytes) return mark
      await file?.close()
      file = null
      const next = await begin(folder, mark).catch((error: unknown) => {
        throw failureOf(folder, error)
      })
      return (mark = next)
    },
    write: async (bytes, end) => {
      const segment = await handle()
      await writeAll(segment, bytes, mark.offset).catch(async (error: unknown) => {
        await segment.truncate(mark.offset).catch(breaking)
        throw failureOf(folder, error)
      })
      await segment.datasync().catch(breaking)
      mark = end
    },
    takeBack: async (to) => {
      const segment = await handle()
      await segment.truncate(to.offset).catch(breaking)
      await segment.datasync().catch(breaking)
      mark = to
    },
    close: async () => await file?.close(),
  }
}

/** A new segment behind this one; answers where its first line will stand. */
async function begin(folder: string, before: Mark): Promise<Mark> {
  const { first, file } = segmentAt(folder, before.seq + 1)
  const header = Buffer.from(writeHeader(before))
  // `w`: one that an earlier attempt left has no record.
  const handle = await open(file, 'w', 0o600)
  try {
    await writeAll(handle, header, 0)
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await syncFolder(folder)
  return { ...before, segment: first, offset: header.length }
}

export function failureOf(folder: string, error: unknown): unknown {
  const { code, errcode } = Object(error) as { readonly code?: unknown; readonly errcode?: unknown }
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && errcode !== sqliteFull) return error
  return new LifeboatError('state-disk-full', `There is no room left for evidence in ${folder}.`, { cause: error })
}
