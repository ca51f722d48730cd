// What people tell a running move: approve, pause, rollback, finish, rehearse, failover, reprotect; and that a side is off, beside a rollback. A
// row each, taken once.
import type { Pool } from 'pg'
import { sleep } from '../io/wait.ts'

export const signalKinds = ['approve', 'pause', 'rollback', 'finish', 'rehearse', 'failover', 'reprotect'] as const
export type SignalKind = (typeof signalKinds)[number] | 'is-off'

export type Signals = {
  readonly send: (move: string, run: number, kind: SignalKind, details?: Readonly<Record<string, unknown>>) => Promise<void>
  /** Whether such a signal waits; looking does not take it. */
  readonly waits: (move: string, run: number, kind: SignalKind) => Promise<boolean>
  /** Ends once such a signal waits, a moment after it was sent by whichever process; throws the reason of `until`. Does not take it. */
  readonly heard: (move: string, run: number, kind: SignalKind, until: AbortSignal) => Promise<void>
  /** Takes every waiting signal of this kind, once, and answers the last of them; null when there is none: the same word said twice counts once. */
  readonly take: (move: string, run: number, kind: SignalKind) => Promise<Readonly<Record<string, unknown>> | null>
}

export const signalTable = `
create table if not exists lifeboat.signal (
  id bigserial primary key, move text not null, run int not null, kind text not null, details jsonb not null default '{}', at timestamptz not null default now(), taken_at timestamptz);
create index if not exists signal_waiting on lifeboat.signal (move, run, kind) where taken_at is null;
`

export function openSignals(pool: Pool): Signals {
  return {
    send: async (move, run, kind, details = {}) => {
      await pool.query('insert into lifeboat.signal (move, run, kind, details) values ($1, $2, $3, $4)', [move, run, kind, details])
    },
    waits: async (move, run, kind) => {
      const sql = 'select 1 from lifeboat.signal where move = $1 and run = $2 and kind = $3 and taken_at is null limit 1'
      return (await pool.query(sql, [move, run, kind])).rowCount === 1
    },
    heard: openEar(pool),
    take: async (move, run, kind) => {
      const sql = `with taken as (update lifeboat.signal set taken_at = clock_timestamp()
        where move = $1 and run = $2 and kind = $3 and taken_at is null returning id, details) select details from taken order by id desc limit 1`
      const { rows } = await pool.query<{ details: Record<string, unknown> }>(sql, [move, run, kind])
      return rows[0]?.details ?? null
    },
  }
}

type Word = { readonly move: string; readonly run: number; readonly kind: string }

const lookEveryMs = 250

/** A thousand moves listen all the time: one look of the process hears for all of them. */
function openEar(pool: Pool): Signals['heard'] {
  const listening = new Map<string, Set<() => void>>()
  let isLooking = false
  const keyOf = ({ move, run, kind }: Word): string => `${move} ${run} ${kind}`
  const look = async (): Promise<void> => {
    const { rows } = await pool.query<Word>('select distinct move, run, kind from lifeboat.signal where taken_at is null')
    for (const word of rows) for (const hear of listening.get(keyOf(word)) ?? []) hear()
  }
  const keepLooking = async (): Promise<void> => {
    isLooking = true
    while (listening.size > 0) {
      // A database that does not answer now is asked again.
      await look().catch(() => undefined)
      await sleep(lookEveryMs, new AbortController().signal)
    }
    isLooking = false
  }
  return async (move, run, kind, until) => {
    until.throwIfAborted()
    const key = keyOf({ move, run, kind })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = (): void => reject(until.reason as Error)
    const here = listening.get(key) ?? new Set()
    listening.set(key, here.add(resolve))
    until.addEventListener('abort', abort, { once: true })
    if (!isLooking) void keepLooking()
    return await promise.finally(() => {
      until.removeEventListener('abort', abort)
      here.delete(resolve)
      if (here.size === 0 && listening.get(key) === here) listening.delete(key)
    })
  }
}
