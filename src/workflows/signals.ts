// What people tell a running move: approve, pause, rollback, finish, rehearse. A row each, taken once.
import type { Pool } from 'pg'

export const signalKinds = ['approve', 'pause', 'rollback', 'finish', 'rehearse'] as const
export type SignalKind = (typeof signalKinds)[number]

export type Signals = {
  readonly send: (move: string, run: number, kind: SignalKind, details?: Readonly<Record<string, unknown>>) => Promise<void>
  /** Whether such a signal waits; looking does not take it. */
  readonly waits: (move: string, run: number, kind: SignalKind) => Promise<boolean>
  /** Takes every waiting signal of this kind, once, and answers the last of them; null when there is none: the same word said twice counts once. */
  readonly take: (move: string, run: number, kind: SignalKind) => Promise<Readonly<Record<string, unknown>> | null>
}

export function openSignals(pool: Pool): Signals {
  return {
    send: async (move, run, kind, details = {}) => {
      await pool.query('insert into lifeboat.signal (move, run, kind, details) values ($1, $2, $3, $4)', [move, run, kind, details])
    },
    waits: async (move, run, kind) => {
      const sql = 'select 1 from lifeboat.signal where move = $1 and run = $2 and kind = $3 and taken_at is null limit 1'
      return (await pool.query(sql, [move, run, kind])).rowCount === 1
    },
    take: async (move, run, kind) => {
      const sql = `with taken as (update lifeboat.signal set taken_at = clock_timestamp()
        where move = $1 and run = $2 and kind = $3 and taken_at is null returning id, details) select details from taken order by id desc limit 1`
      const { rows } = await pool.query<{ details: Record<string, unknown> }>(sql, [move, run, kind])
      return rows[0]?.details ?? null
    },
  }
}
