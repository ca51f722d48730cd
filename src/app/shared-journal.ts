// The journal of a database that several processes write to: whoever listens hears all of them, a moment later.
import type { Pool } from 'pg'
import { sleep } from '../io/wait.ts'
import type { Journal } from '../workflows/journal.ts'

type Listener = Parameters<Journal['listen']>[0]

const lookEveryMs = 250
/** Sequence numbers are given out before their records can be read; after this long all lower ones are there. */
const settlesMs = 200
/** Whoever listens reads the past, and knows what comes twice: so we begin a while back, rather than after a gap. */
const overlapMs = 10_000

export function sharedJournal(journal: Journal, pool: Pool): Journal {
  // One who looks for all: hundreds may listen.
  const listeners = new Set<Listener>()
  let stop = (): void => undefined
  return {
    ...journal,
    listen: (onRecord) => {
      // The same one may listen twice.
      const listener: Listener = (record) => onRecord(record)
      listeners.add(listener)
      if (listeners.size === 1) stop = listenToAll(journal, pool, (record) => listeners.forEach((each) => each(record)))
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) stop()
      }
    },
  }
}

function listenToAll(journal: Journal, pool: Pool, onRecord: Listener): () => void {
  const ended = new AbortController()
  const lastBefore = async (ms: number): Promise<number> => {
    const sql = `select coalesce(max(seq), 0) as seq from lifeboat.journal where at < clock_timestamp() - $1 * interval '1 ms'`
    return Number((await pool.query<{ seq: string }>(sql, [ms])).rows[0]?.seq ?? 0)
  }
  const look = async (from: number): Promise<number> => {
    const last = await lastBefore(settlesMs)
    if (last <= from) return from
    const records = (await journal.after(from)).filter((record) => record.seq <= last)
    if (!ended.signal.aborted) records.forEach(onRecord)
    return records.at(-1)?.seq ?? from
  }
  const run = async (): Promise<void> => {
    for (let seen: number | null = null; ;) {
      const from: number | null = seen
      // A database that does not answer now is asked again; whether it is gone is for others to say.
      seen = await (from === null ? lastBefore(overlapMs) : look(from)).catch(() => from)
      await sleep(lookEveryMs, ended.signal)
    }
  }
  run().catch(() => undefined)
  return () => ended.abort()
}
