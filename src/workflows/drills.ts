// Drills that were held, newest last. One that could not be held says nothing of a standby, and stands in no row.
import type { Pool } from 'pg'
import { drillCardSchema, type DrillCard } from '../core/drill.ts'

export const drillTable = `
create table if not exists lifeboat.drill (id bigserial primary key, move text not null, level text not null, at timestamptz not null, plan text not null, passed boolean not null, tried boolean not null, card jsonb not null);
create index if not exists drill_of_move on lifeboat.drill (move, id);
`

export function drills(pool: Pool) {
  const newest = async (move: string, condition: string): Promise<DrillCard | null> => {
    const { rows } = await pool.query<{ card: unknown }>(`select card from lifeboat.drill where move = $1 and ${condition} order by id desc limit 1`, [move])
    return rows[0] === undefined ? null : drillCardSchema.parse(rows[0].card)
  }
  return {
    saveDrill: async (card: DrillCard): Promise<void> => {
      const { move, level, at, plan, passed, tried } = card
      const sql = 'insert into lifeboat.drill (move, level, at, plan, passed, tried, card) values ($1, $2, $3, $4, $5, $6, $7)'
      await pool.query(sql, [move, level, at, plan, passed, tried, card])
    },
    /** Null: none was held. */
    newestDrill: async (move: string): Promise<DrillCard | null> => await newest(move, 'true'),
    /** The newest one in which the standby itself was tried. */
    newestTrial: async (move: string): Promise<DrillCard | null> => await newest(move, 'tried'),
  }
}
