// The journal: what happened, in order, durable before anybody is told. Terminal, dashboard and report only read it.
import { EventEmitter } from 'node:events'
import type { Pool } from 'pg'
import { canonicalEntry, storable, type Entry as Stored } from '../core/chain.ts'
import type { JournalRecord } from '../core/records.ts'

export type Entry = Omit<Stored, 'details'> & Partial<Pick<Stored, 'details'>>

export type Journal = {
  readonly append: (entry: Entry) => Promise<JournalRecord>
  /** Records after that sequence number, oldest first, at most `limit`. */
  readonly after: (seq: number, options?: { readonly move?: string; readonly limit?: number }) => Promise<readonly JournalRecord[]>
  readonly last: () => Promise<number>
  /** Records of these steps since a time (ISO 8601), oldest first; of one move, or of all. */
  readonly ofSteps: (steps: readonly string[], since: string, move?: string) => Promise<readonly JournalRecord[]>
  /** The newest record of this move. */
  readonly latest: (move: string) => Promise<JournalRecord | null>
  /** The newest record of each of these moves. */
  readonly latestOf: (moves: readonly string[]) => Promise<ReadonlyMap<string, JournalRecord>>
  /** Calls back for each record of this process as it is written; answers the way to stop. */
  readonly listen: (onRecord: (record: JournalRecord) => void) => () => void
}

/**
 * `append_record` numbers a record, dates it and links it to the last one of its move (core/chain.ts), in one round trip: it
 * is written in the middle of freezes. The lock is held per move, so that moves do not wait for each other, and taken before
 * the last record is looked up, so that two processes never link to the same one. Rows without a hash are of older versions.
 */
export const journalTable = `
create table if not exists lifeboat.journal (
  seq bigserial primary key, at timestamptz not null default clock_timestamp(), move text not null, run int not null, step text not null, state text not null, text text not null, details jsonb not null default '{}');
create index if not exists journal_of_move on lifeboat.journal (move, seq);
create index if not exists journal_of_step on lifeboat.journal (step, at);
alter table lifeboat.journal add column if not exists hash text;
create or replace function lifeboat.append_record(of_move text, of_run int, of_step text, of_state text, said text, of_details jsonb, canonical text)
  returns setof lifeboat.journal language plpgsql as $$
declare
  number bigint;
  moment timestamptz;
  before text;
begin
  perform pg_advisory_xact_lock(hashtextextended('lifeboat.journal ' || of_move, 0));
  select hash into before from lifeboat.journal where move = of_move order by seq desc limit 1;
  number := nextval('lifeboat.journal_seq_seq');
  moment := date_trunc('milliseconds', clock_timestamp());
  return query insert into lifeboat.journal (seq, at, move, run, step, state, text, details, hash)
    values (number, moment, of_move, of_run, of_step, of_state, said, of_details, encode(sha256(convert_to(concat_ws(E'\\n', coalesce(before, ''),
      number, to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), canonical), 'UTF8')), 'hex')) returning *;
end $$;
`

type Row = Omit<JournalRecord, 'schema' | 'seq' | 'at'> & { readonly seq: string; readonly at: Date }

export function openJournal(pool: Pool): Journal {
  const events = new EventEmitter()
  events.setMaxListeners(0)
  const latestOf: Journal['latestOf'] = async (moves) => {
    const sql = `select latest.* from unnest($1::text[]) as wanted (name)
      cross join lateral (select * from lifeboat.journal where move = wanted.name order by seq desc limit 1) as latest`
    const { rows } = await pool.query<Row>(sql, [moves])
    return new Map(rows.map((row) => [row.move, readRow(row)]))
  }
  return {
    append: async (entry) => {
      const { move, run, step, state, text, details, canonical } = linkable(entry)
      const sql = 'select * from lifeboat.append_record($1, $2, $3, $4, $5, $6, $7)'
      const { rows } = await pool.query<Row>(sql, [move, run, step, state, text, details, canonical])
      const record = readRow(rows[0] as Row)
      events.emit('record', record)
      return record
    },
    after: async (seq, { move, limit = 1000 } = {}) => {
      const sql = 'select * from lifeboat.journal where seq > $1 and ($2::text is null or move = $2) order by seq limit $3'
      const { rows } = await pool.query<Row>(sql, [seq, move ?? null, limit])
      return rows.map(readRow)
    },
    ofSteps: async (steps, since, move) => {
      const sql = 'select * from lifeboat.journal where step = any($1) and at >= $2 and ($3::text is null or move = $3) order by seq'
      const { rows } = await pool.query<Row>(sql, [steps, since, move ?? null])
      return rows.map(readRow)
    },
    last: async () => {
      const { rows } = await pool.query<{ seq: string }>('select coalesce(max(seq), 0) as seq from lifeboat.journal')
      return Number(rows[0]?.seq ?? 0)
    },
    latest: async (move) => (await latestOf([move])).get(move) ?? null,
    latestOf,
    listen: (onRecord) => {
      events.on('record', onRecord)
      return () => void events.off('record', onRecord)
    },
  }
}

function linkable(entry: Entry): Stored & { readonly canonical: string } {
  const stored = storable({ details: {}, ...entry })
  return { ...stored, canonical: canonicalEntry(stored) }
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
    hash: row.hash,
  }
}
