// Stops the controller at an exact place: the journal's database makes it wait while it writes a chosen record. At
// `started` nothing of that step has been done yet; at `done` all of it has, but nobody has stored that.
import path from 'node:path'
import { Client } from 'pg'
import { placesOf } from '../../src/controller/places.ts'
import { moveFactsSchema, type MoveFacts } from '../../src/core/stored-move.ts'
import type { RecordState } from '../../src/core/records.ts'
import type { SignalKind } from '../../src/workflows/signals.ts'
import { waitUntil } from '../../src/io/wait.ts'
import type { Scene } from './scenario.ts'

export type Moments = {
  /** The next record of this step and state is to wait; `of`: only that of this move. */
  readonly arm: (step: string, state: RecordState, of?: string) => Promise<void>
  /** Resolves when the controller waits there. */
  readonly reached: (withinMs?: number, signal?: AbortSignal) => Promise<void>
  /** Lets it go on, and disarms. Does nothing when nothing is armed. */
  readonly pass: () => Promise<void>
  /** While it waits: the next record that is to wait, in place of this one. */
  readonly aim: (step: string, state: RecordState, of?: string) => Promise<void>
  /** Lets it go on to what was aimed at. Writes nothing. */
  readonly passOn: () => Promise<void>
  /** arm and reached. */
  readonly at: (step: string, state: RecordState, withinMs?: number, of?: string) => Promise<void>
  /** Resolves when a word to the move is stored, and nobody has taken it yet. */
  readonly told: (kind: SignalKind) => Promise<void>
  /** What the journal's database knows of the move: what a late message would carry. */
  readonly known: () => Promise<{ readonly token: number; readonly owner: string; readonly facts: MoveFacts }>
  /** Whether the server, and what was armed with it, is still there. */
  readonly isOpen: () => Promise<boolean>
  readonly close: () => Promise<void>
}

const lock = 4_711
const schema = `
create schema if not exists moment;
create table if not exists moment.armed (step text not null, state text not null, move text);
create or replace function moment.wait() returns trigger language plpgsql as $$ begin
  if exists (select from moment.armed where step = new.step and state = new.state and coalesce(move, new.move) = new.move) then
    perform pg_advisory_lock(${lock});
    perform pg_advisory_unlock(${lock});
  end if;
  return new;
end $$;
create or replace trigger moment before insert on lifeboat.journal for each row execute function moment.wait()`

/** The journal's database of a state folder, without a controller. */
export function databaseOf(state: string): string {
  return `postgresql://lifeboat@localhost/postgres?host=${encodeURIComponent(placesOf(state).sockets)}`
}

/** Starts the controller if none runs, and opens its database. */
export async function openMoments(scene: Scene, move = 'web-1'): Promise<Moments> {
  const status = await scene.begin('status', '--json')
  if (status.exitCode !== 0) throw new Error(`The controller does not start: ${status.stdout}${status.stderr}`)
  return await connectMoments(databaseOf(path.join(scene.folder, '.lifeboat')), move)
}

/** The same in this database, which is there and has been used. */
export async function connectMoments(url: string, move = 'web-1'): Promise<Moments> {
  const client = new Client({ connectionString: url })
  // The server may end before this connection does.
  client.on('error', () => undefined)
  await client.connect()
  await client.query(schema)
  let armed = ''

  const aim: Moments['aim'] = async (step, state, of) => {
    await client.query('with before as (delete from moment.armed) insert into moment.armed values ($1, $2, $3)', [step, state, of ?? null])
    armed = `${step} ${state}`
  }
  const arm: Moments['arm'] = async (step, state, of) => {
    await client.query('select pg_advisory_lock($1)', [lock])
    await aim(step, state, of)
  }
  const reached: Moments['reached'] = async (withinMs = 60_000, signal = new AbortController().signal) => {
    const waits = async () => {
      const { rowCount } = await client.query(`select from pg_locks where locktype = 'advisory' and objid = $1 and not granted`, [lock])
      return rowCount === 0 ? null : true
    }
    await waitUntil(waits, { what: `The record ${armed}`, deadlineMs: withinMs, everyMs: 5, signal })
  }
  return {
    arm,
    aim,
    reached,
    // One message: whoever waits goes first, and nobody comes in between.
    passOn: async () => void (await client.query(`select pg_advisory_unlock(${lock}); select pg_advisory_lock(${lock})`)),
    at: async (step, state, withinMs, of) => {
      await arm(step, state, of)
      await reached(withinMs)
    },
    told: async (kind) => {
      const waits = async () => {
        const { rowCount } = await client.query('select from lifeboat.signal where move = $1 and kind = $2 and taken_at is null', [move, kind])
        return rowCount === 0 ? null : true
      }
      await waitUntil(waits, { what: `The word ${kind}`, deadlineMs: 30_000, everyMs: 5, signal: new AbortController().signal })
    },
    pass: async () => {
      if (armed === '') return
      armed = ''
      await client.query('delete from moment.armed')
      await client.query('select pg_advisory_unlock($1)', [lock])
    },
    known: async () => {
      const sql = 'select token, facts, id from lifeboat.move, lifeboat.identity where name = $1'
      const { rows } = await client.query<{ token: string; facts: unknown; id: string }>(sql, [move])
      if (rows[0] === undefined) throw new Error(`The move ${move} is not stored.`)
      return { token: Number(rows[0].token), owner: `${move}/${rows[0].id}`, facts: moveFactsSchema.parse(rows[0].facts) }
    },
    isOpen: async () =>
      await client.query('select').then(
        () => true,
        () => false,
      ),
    close: async () => await client.end().catch(() => undefined),
  }
}
