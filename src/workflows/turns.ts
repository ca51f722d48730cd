// Whose turn it is to hold clients: one move at a time from each source provider, as two freezes on one host or link would
// lengthen each other (runbook.md §7). A turn runs out, so a move whose controller is gone stops nobody for long.
import type { Pool } from 'pg'

export const turnTable = 'create table if not exists lifeboat.turn (source text primary key, move text not null, until timestamptz not null);'

export type Turn = { readonly isMine: boolean; /** Whose it is; null: it changed hands just now. */ readonly holder: string | null }

export function turns(pool: Pool) {
  return {
    /** Takes the turn of a source provider for so many ms, or keeps it, unless another move has it. */
    takeTurn: async (source: string, move: string, ms: number): Promise<Turn> => {
      const sql = `insert into lifeboat.turn as t (source, move, until) values ($1, $2, clock_timestamp() + $3 * interval '1 ms')
        on conflict (source) do update set move = excluded.move, until = excluded.until where t.move = excluded.move or t.until < clock_timestamp()`
      if ((await pool.query(sql, [source, move, ms])).rowCount === 1) return { isMine: true, holder: move }
      const { rows } = await pool.query<{ move: string }>('select move from lifeboat.turn where source = $1', [source])
      return { isMine: false, holder: rows[0]?.move ?? null }
    },
    /** The move that has the turn of a source provider; null: none. */
    turnOf: async (source: string): Promise<string | null> => {
      const { rows } = await pool.query<{ move: string }>('select move from lifeboat.turn where source = $1 and until > clock_timestamp()', [source])
      return rows[0]?.move ?? null
    },
    leaveTurn: async (move: string): Promise<void> => {
      await pool.query('delete from lifeboat.turn where move = $1', [move])
    },
  }
}
