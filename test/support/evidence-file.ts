// An evidence log as small as can be, for tests of what fills one: lines in one file. Many callers share one fsync.
import { createHash } from 'node:crypto'
import { open, readFile, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { evidenceSchema, type Evidence } from '../../src/core/evidence.ts'
import type { EvidenceLog, Kept } from '../../src/watch/evidence-log.ts'

type Waiting = { readonly text: string; readonly done: () => void; readonly failed: (error: unknown) => void }

export async function openEvidenceFile(folder: string): Promise<EvidenceLog> {
  const [records, raws] = [await appender(path.join(folder, 'evidence.jsonl')), await appender(path.join(folder, 'raw.jsonl'))]
  const kept = await evidenceIn(folder)
  return {
    append: async (evidence) => {
      const added = evidence.map((each, nth): Kept => ({ seq: kept.length + nth + 1, hash: '', evidence: each }))
      kept.push(...added)
      await records.add(evidence.map((each) => `${JSON.stringify(each)}\n`).join(''))
      return added
    },
    keepRaw: async (bytes) => {
      await raws.add(`${Buffer.from(bytes).toString('base64')}\n`)
      return createHash('sha256').update(bytes).digest('hex')
    },
    read: async ({ from, to, kinds }) =>
      await Promise.resolve(kept.filter(({ evidence: { at, kind } }) => at >= from && at < to && (kinds?.includes(kind) ?? true))),
    close: async () => {
      await records.close()
      await raws.close()
    },
  }
}

/** What is on the disk; a last line that was not finished was never told to be kept. */
export async function evidenceIn(folder: string): Promise<Kept[]> {
  const text = await readFile(path.join(folder, 'evidence.jsonl'), 'utf8').catch(() => '')
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line, nth): Kept => ({ seq: nth + 1, hash: '', evidence: evidenceSchema.parse(JSON.parse(line)) satisfies Evidence }))
}

async function appender(file: string) {
  const handle: FileHandle = await open(file, 'a')
  let waiting: Waiting[] = []
  let running: Promise<void> | null = null
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await handle.appendFile(batch.map(({ text }) => text).join(''))
        await handle.datasync()
        batch.forEach(({ done }) => done())
      } catch (error) {
        batch.forEach(({ failed }) => failed(error))
      }
    }
    running = null
  }
  return {
    add: async (text: string): Promise<void> =>
      await new Promise<void>((done, failed) => {
        waiting.push({ text, done, failed })
        running ??= drain()
      }),
    close: async () => {
      await running
      await handle.close()
    },
  }
}
