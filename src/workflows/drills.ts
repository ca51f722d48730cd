// Drills that were held, newest last. Those that could not be held say nothing of a standby, and stand in no row.
import type { Pool } from 'pg'
import { drillCardSchema, type DrillCard, type DrillLevel } from '../core/drill.ts'

export const drillTable = `
create table if not exists lifeboat.drill (id bigserial primary key, move text not null, level text not null, at timestamptz not null, plan text not null, passed boolean not null, card jsonb not null);
create index if not exists drill_of_move on lifeboat.drill (move, id);
`

export function drills(pool: Pool) {
  return {
    saveDrill: async (card: DrillCard): Promise<void> => {
      const { move, level, at, plan, passed } = card
      await pool.query('insert into lifeboat.drill (move, level, at, plan, passed, card) values ($1, $2, $3, $4, $5, $6)', [
        move,
        level,
        at,
        plan,
        passed,
        card,
      ])
    },
    /** The newest drill of one of these levels; null: none was held. */
    newestDrill: async (move: string, levels: readonly DrillLevel[]): Promise<DrillCard | null> => {
      const sql = 'select card from lifeboat.drill where move = $1 and level = any($2) order by id desc limit 1'
      const { rows } = await pool.query<{ card: unknown }>(sql, [move, levels])
      return rows[0] === undefined ? null : drillCardSchema.parse(rows[0].card)
    },
  }
}
