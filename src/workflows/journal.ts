// The journal: what happened, in order, durable before anybody is told. Terminal, dashboard and report only read it.
import { EventEmitter } from 'node:events'
import type { Pool } from 'pg'
import type { JournalRecord, RecordState } from '../core/records.ts'

export type Entry = {
  readonly move: string
  readonly run: number
  readonly step: string
  readonly state: RecordState
  readonly text: string
  readonly details?: Readonly<Record<string, unknown>>
}

export type Journal = {
  readonly append: (entry: Entry) => Promise<JournalRecord>
  /** Records after that sequence number, oldest first, at most `limit`. */
  readonly after: (seq: number, options?: { readonly move?: string; readonly limit?: number }) => Promise<readonly JournalRecord[]>
  readonly last: () => Promise<number>
  /** The newest record of this move. */
  readonly latest: (move: string) => Promise<JournalRecord | null>
  /** Calls back for each record of this process as it is written; answers the way to stop. */
  readonly listen: (onRecord: (record: JournalRecord) => void) => () => void
}

type Row = { seq: string; at: Date; move: string; run: number; step: string; state: RecordState; text: string; details: Record<string, unknown> }

export function openJournal(pool: Pool): Journal {
  const events = new EventEmitter()
  events.setMaxListeners(0)
  return {
    append: async (entry) => {
      const sql = 'insert into lifeboat.journal (move, run, step, state, text, details) values ($1, $2, $3, $4, $5, $6) returning *'
      const { rows } = await pool.query<Row>(sql, [entry.move, entry.run, entry.step, entry.state, entry.text, entry.details ?? {}])
      const record = readRow(rows[0] as Row)
      events.emit('record', record)
      return record
    },
    after: async (seq, { move, limit = 1000 } = {}) => {
      const sql = 'select * from lifeboat.journal where seq > $1 and ($2::text is null or move = $2) order by seq limit $3'
      const { rows } = await pool.query<Row>(sql, [seq, move ?? null, limit])
      return rows.map(readRow)
    },
    last: async () => {
      const { rows } = await pool.query<{ seq: string }>('select coalesce(max(seq), 0) as seq from lifeboat.journal')
      return Number(rows[0]?.seq ?? 0)
    },
    latest: async (move) => {
      const { rows } = await pool.query<Row>('select * from lifeboat.journal where move = $1 order by seq desc limit 1', [move])
      return rows[0] === undefined ? null : readRow(rows[0])
    },
    listen: (onRecord) => {
      events.on('record', onRecord)
      return () => void events.off('record', onRecord)
    },
  }
}

function readRow(row: Row): JournalRecord {
  return {
    schema: 'lifeboat.journal/1',
    seq: Number(row.seq),
    at: row.at.toISOString(),
    move: row.move,
    run: row.run,
    step: row.step,
    state: row.state,
    text: row.text,
    details: row.details,
  }
}
