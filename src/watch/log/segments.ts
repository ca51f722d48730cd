// The files of the log, each named by the number of its first record.
import { open, readdir, readFile, rename, writeFile, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { nothing, type Link } from './line.ts'

export type Segment = { readonly first: number; readonly file: string }

/** A whole line (without its end) and where it stands; `bytes` with its end. */
export type Placed = { readonly text: string; readonly offset: number; readonly bytes: number }

const chunkBytes = 1024 * 1024

export function segmentAt(folder: string, first: number): Segment {
  return { first, file: path.join(folder, `${String(first).padStart(12, '0')}.jsonl`) }
}

/** In the order of their records. */
export async function segmentsIn(folder: string): Promise<readonly Segment[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => /^\d{12,15}\.jsonl$/.test(name))
    .map((name) => segmentAt(folder, Number.parseInt(name, 10)))
    .toSorted((a, b) => a.first - b.first)
}

/** The whole lines of a file between two offsets, a chunk of it at a time; answers where the last whole one ends. */
export async function* linesOf(file: string, from: number, to: number): AsyncGenerator<readonly Placed[], number> {
  const handle = await open(file, 'r')
  try {
    let start = from
    let kept = Buffer.alloc(0)
    while (start + kept.length < to) {
      const room = Buffer.allocUnsafe(Math.min(chunkBytes, to - start - kept.length))
      const { bytesRead } = await handle.read(room, 0, room.length, start + kept.length)
      if (bytesRead === 0) break
      const bytes = Buffer.concat([kept, room.subarray(0, bytesRead)])
      const end = bytes.lastIndexOf(0x0a) + 1
      if (end > 0) yield linesIn(bytes.subarray(0, end), start)
      kept = bytes.subarray(end)
      start += end
    }
    return start
  } finally {
    await handle.close()
  }
}

function linesIn(bytes: Buffer, start: number): Placed[] {
  const lines: Placed[] = []
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0x0a, at)
    lines.push({ text: bytes.toString('utf8', at, end), offset: start + at, bytes: end + 1 - at })
    at = end + 1
  }
  return lines
}

/** Without it a file that was just made or removed may be there or not after a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** So many bytes of a file, or fewer where it ends. */
export async function readAt(file: string, offset: number, bytes: number): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

export async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done)
    done += bytesWritten
  }
}

const dropped = z.strictObject({ seq: z.number().int().nonnegative(), hash: z.string() })

/** The last line that retention dropped: the chain of what is left goes on from there. */
export async function readDropped(folder: string): Promise<Link> {
  const text = await readFile(path.join(folder, 'dropped.json'), 'utf8').catch((error: unknown) => {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return null
    throw error
  })
  return text === null ? nothing : dropped.parse(JSON.parse(text))
}

export async function writeDropped(folder: string, link: Link): Promise<void> {
  const file = path.join(folder, 'dropped.json')
  await writeFile(`${file}.new`, `${JSON.stringify({ seq: link.seq, hash: link.hash })}\n`, { mode: 0o600, flush: true })
  await rename(`${file}.new`, file)
  await syncFolder(folder)
}
