// Turns at stacks, for all processes on this database: a turn is that of an executor, and free once that one is declared
// dead. What engines an executor began is kept, so that the lock of a dead one is told from that of anybody else.
import type { Pool } from 'pg'
import type { EngineRun, LeftRun, Turn, Turns } from '../provision/engine.ts'
import { replaced } from './alive.ts'

export const turnTables = `
create table if not exists lifeboat.stack_turn (stack text primary key, executor text not null);
create table if not exists lifeboat.engine_run (
  stack text not null, host text not null, pid int not null, place text not null, executor text not null, primary key (stack, host, pid));`

type LeftRow = EngineRun & { readonly silent: number | null }

/** `executor`: the one that takes turns here. */
export function stackTurns(pool: Pool, executor: string): Turns {
  /** Of two that find it free the lock on its row makes one the second, who then finds it taken. */
  const take = async (stack: string): Promise<boolean> => {
    const sql = `insert into lifeboat.stack_turn as turn (stack, executor) select $1, id from lifeboat.executor where id = $2 and not fenced
      on conflict (stack) do update set executor = excluded.executor
        where turn.executor = excluded.executor or not exists (select from lifeboat.executor where id = turn.executor and not fenced)`
    return (await pool.query(sql, [stack, executor])).rowCount === 1
  }

  const left = async (stack: string): Promise<readonly LeftRun[]> => {
    // Whoever lives has seen the end of its run before it gave the turn away.
    const sql = `select host, pid, place, case when fenced then extract(epoch from clock_timestamp() - beat) * 1000 when fenced is null then 'infinity' end::float8 as silent
      from lifeboat.engine_run left join lifeboat.executor on id = executor where stack = $1`
    const { rows } = await pool.query<LeftRow>(sql, [stack])
    return rows.map(({ silent, ...run }) => ({ ...run, silentMs: silent }))
  }

  const turnAt = (stack: string, runs: readonly LeftRun[]): Turn => ({
    left: runs,
    begin: async ({ host, pid, place }) => {
      const sql = `insert into lifeboat.engine_run (stack, host, pid, place, executor)
        select $1, $2, $3, $4, id from lifeboat.executor where id = $5 and not fenced for share
        on conflict (stack, host, pid) do update set place = excluded.place, executor = excluded.executor`
      if ((await pool.query(sql, [stack, host, pid, place, executor])).rowCount === 0) throw replaced()
    },
    end: async ({ host, pid }) => void (await pool.query('delete from lifeboat.engine_run where stack = $1 and host = $2 and pid = $3', [stack, host, pid])),
    clear: async () => void (await pool.query('delete from lifeboat.engine_run where stack = $1', [stack])),
    release: async () => void (await pool.query('delete from lifeboat.stack_turn where stack = $1 and executor = $2', [stack, executor])),
  })

  return {
    take: async (stack) => {
      if (await take(stack)) return turnAt(stack, await left(stack))
      const sql = 'select folder from lifeboat.stack_turn join lifeboat.executor on id = executor where stack = $1'
      const { rows } = await pool.query<{ folder: string }>(sql, [stack])
      return { holder: rows[0]?.folder ?? 'another process' }
    },
  }
}
