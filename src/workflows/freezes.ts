// Where the members of a shared freeze stand, for all processes on this database: each is driven by its own workflow, and
// here they meet. The attempts of one freeze are its rounds; who takes no part in a round is not asked in it.
import type { Pool } from 'pg'
import { LifeboatError } from '../core/errors.ts'
import { wayBack, type StepName } from '../core/runbook.ts'
import type { Member } from '../core/shared-freeze.ts'
import type { MoveState, SideName } from '../core/stored-move.ts'

/** `state`: `waits` for the others to begin, else as core/shared-freeze.ts has it. `round`: 0 before the first one. */
export const freezeTable = `
create table if not exists lifeboat.freeze (
  move text primary key, name text not null, round int not null default 0, state text not null, at text, held_at timestamptz);
`

/** One of those that lifeboat.yaml names together. */
export type Companion = Omit<Member, 'state'> & {
  readonly state: Member['state'] | 'waits'
  readonly round: number
  /** Of its move. */
  readonly run: MoveState
  readonly serving: SideName
  /** Its source provider. */
  readonly provider: string
  /** Ms since it began to hold clients in this round; 0: it has not. */
  readonly heldMs: number
}

/** Where a member stands that is on its way back, and holds clients or is about to. */
const goingBack: readonly string[] = wayBack.slice(0, 1 + wayBack.findIndex((row) => row.name === 'release-clients-back')).map((row) => row.name)

/** Whether it is on its way back with others now. */
export function isGoingBack({ state, at }: Companion): boolean {
  return state !== 'out' && at !== null && goingBack.includes(at)
}

export function freezes(pool: Pool) {
  /** For the holder of the newest token alone, as all that is learned. */
  const write = async (move: string, token: number, sql: string, ...values: readonly unknown[]): Promise<void> => {
    const { rowCount } = await pool.query('select 1 from lifeboat.move where name = $1 and token = $2', [move, token])
    if (rowCount === 0) throw new LifeboatError('token-stale', `Token ${token} of ${move} is not the newest any more.`)
    await pool.query(sql, [move, ...values])
  }
  return {
    /** It waits for the others to begin. It stays in a round in which it has done nothing yet, unless another one has left that. */
    waitForFreeze: async (move: string, token: number, name: string): Promise<void> => {
      const sql = `insert into lifeboat.freeze as f (move, name, state) values ($1, $2, 'waits')
        on conflict (move) do update set name = excluded.name, state = 'waits' where not (f.name = excluded.name and f.state = 'in' and f.at is null
          and not exists (select from lifeboat.freeze o where o.name = f.name and o.round = f.round and o.state <> 'in'))`
      await write(move, token, sql, name)
    },
    /** Begins a round of all of these, if each of them waits at this moment. */
    beginRound: async (name: string, members: readonly string[]): Promise<void> => {
      const sql = `with waiting as (select f.move from lifeboat.freeze f join lifeboat.move m on m.name = f.move
          where f.move = any($2) and f.name = $1 and f.state = 'waits' and m.state = 'running' order by f.move for update of f),
        last as (select coalesce(max(round), 0) as round from lifeboat.freeze where name = $1)
        update lifeboat.freeze f set state = 'in', round = last.round + 1, at = null, held_at = null from last
          where f.move = any($2) and (select count(*) from waiting) = cardinality($2::text[])`
      await pool.query(sql, [name, members])
    },
    /**
     * Tells these, which are all switched, to go back, in a round that begins with that word: all hear it, or none. False: one
     * of them is on its way back already, or does not run.
     */
    beginRoundBack: async (name: string, members: readonly string[], word: Readonly<Record<string, unknown>>): Promise<boolean> => {
      const sql = `with ready as (select f.move, m.run from lifeboat.freeze f join lifeboat.move m on m.name = f.move
          where f.move = any($2) and f.name = $1 and m.state = 'running' and not (f.state <> 'out' and coalesce(f.at, '') = any($3)) order by f.move for update of f),
        last as (select coalesce(max(round), 0) as round from lifeboat.freeze where name = $1),
        begun as (update lifeboat.freeze f set state = 'in', round = last.round + 1, at = $4, held_at = null from last, ready
          where f.move = ready.move and (select count(*) from ready) = cardinality($2::text[]) returning f.move, ready.run)
        insert into lifeboat.signal (move, run, kind, details) select move, run, 'rollback', $5 from begun`
      const { rowCount } = await pool.query(sql, [name, members, goingBack, goingBack[0], word])
      return rowCount === members.length
    },
    /** All rows before this one are done. */
    comeTo: async (move: string, token: number, row: StepName): Promise<void> => {
      await write(move, token, 'update lifeboat.freeze set at = $2 where move = $1', row)
    },
    /** From now on it holds clients. */
    holdInFreeze: async (move: string, token: number): Promise<void> => {
      await write(move, token, 'update lifeboat.freeze set held_at = coalesce(held_at, clock_timestamp()) where move = $1')
    },
    /** Its part in the round is over, or is being undone. What is over stays so. */
    leaveRound: async (move: string, token: number, state: 'stopped' | 'out'): Promise<void> => {
      await write(move, token, `update lifeboat.freeze set state = $2 where move = $1 and ($2 = 'out' or state = 'in')`, state)
    },
    /** Those of these members that were begun, sorted by name. */
    companions: async (name: string, members: readonly string[]): Promise<readonly Companion[]> => {
      const sql = `select m.name, m.plan -> 'after' as after, m.state as run, m.facts ->> 'serving' as serving, m.settings -> 'from' ->> 'provider' as provider,
          coalesce(f.state, 'out') as state, coalesce(f.round, 0) as round, f.at,
          coalesce(extract(epoch from clock_timestamp() - f.held_at) * 1000, 0)::float as "heldMs"
        from lifeboat.move m left join lifeboat.freeze f on f.move = m.name and f.name = $1 where m.name = any($2) order by m.name`
      return (await pool.query<Companion>(sql, [name, members])).rows
    },
  }
}
