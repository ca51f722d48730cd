// Places of moves that do the same thing at the same time, for all processes on this database: core/slots.ts decides, one
// guarded statement takes. A place runs out, so a move whose controller is gone keeps nobody waiting for long; a move
// that asks again within that time has it still.
import { EventEmitter } from 'node:events'
import type { Pool } from 'pg'
import type { Limits, Slot, SlotKind } from '../core/slots.ts'
import { inRounds } from '../io/in-rounds.ts'
import { sleep } from '../io/wait.ts'
import { openLine, type Ask, type Taken } from './slot-line.ts'

/** `taken` counts: who decided on an older count than there is decides again. */
export const slotTables = `
create table if not exists lifeboat.slot (
  kind text not null, provider text not null, move text not null, place bigserial, held boolean not null, until timestamptz not null, primary key (kind, provider, move));
create table if not exists lifeboat.slot_round (sole boolean primary key default true check (sole), taken bigint not null default 0);
insert into lifeboat.slot_round default values on conflict do nothing;
`

/** Who is so near to its turn is waked when this process gives up a place; those behind ask less often. */
const near = 2
/** Well within the time after which others go before. */
const restAtMostMs = 6000
/** A look costs as much as the line is long. */
const restsPerRound = 2
const noLimits: Limits = { perSource: Infinity, perTarget: Infinity, startsPerHour: Infinity }

export function slots(pool: Pool) {
  const { keep, answer } = openLine(pool)
  const alike = ({ limits, wanted }: Ask): string => JSON.stringify([limits, wanted.map(({ kind }) => kind)])
  const ask = inRounds<Ask, Taken>({ answer, alike, restsPerRound })
  const freed = new EventEmitter().setMaxListeners(0)

  return {
    /** Has them for so many ms from now on; false: not all of them are its own. */
    keepSlots: async (move: string, wanted: readonly Slot[], ms: number): Promise<boolean> => (await keep([{ move, wanted, limits: noLimits, ms }])).has(move),
    /** Takes all of these for so many ms, or none and joins the line; what it has already it keeps. */
    takeSlots: async (move: string, wanted: readonly Slot[], limits: Limits, ms: number): Promise<Taken> => await ask({ move, wanted, limits, ms }),
    /** Rests before it asks again: `everyMs` when its turn is near, or until this process gives up a place; longer behind others. */
    restInLine: async (ahead: number, everyMs: number, signal: AbortSignal): Promise<void> => {
      const over = new AbortController()
      const wake = (): void => over.abort()
      if (ahead < near) freed.once('place', wake)
      const ms = Math.min(restAtMostMs, everyMs * (1 + Math.floor(ahead / near)))
      await sleep(ms, AbortSignal.any([signal, over.signal])).catch(() => undefined)
      freed.off('place', wake)
      signal.throwIfAborted()
    },
    /** The move that holds clients of this source provider; null: none. */
    turnOf: async (provider: string): Promise<string | null> => {
      const sql = `select move from lifeboat.slot where kind = 'hold' and provider = $1 and held and until > clock_timestamp()`
      return (await pool.query<{ move: string }>(sql, [provider])).rows[0]?.move ?? null
    },
    /** Others may have them now. */
    leaveSlots: async (move: string, kinds: readonly SlotKind[]): Promise<void> => {
      await pool.query('update lifeboat.slot set held = false, until = clock_timestamp() where move = $1 and kind = any($2)', [move, kinds])
      freed.emit('place')
    },
    /** The run is over, and with it its places in all lines. When it began at its target counts on. */
    dropSlots: async (move: string): Promise<void> => {
      await pool.query(`delete from lifeboat.slot where move = $1 and (kind <> 'start' or until < clock_timestamp())`, [move])
      freed.emit('place')
    },
    /**
     * How many moves may copy at the same time now: of those that have not been copied as a whole yet as many as each source
     * lets, and whoever else copies at this moment.
     */
    copiesAtOnce: async (perSource: number): Promise<number> => {
      const sql = `with first as (select count(*) as moves from lifeboat.move where state = 'running' and facts -> 'lastPass' = 'null' group by settings -> 'from' ->> 'provider')
        select (select coalesce(sum(least($1, moves)), 0) from first) + (select count(*) from lifeboat.slot join lifeboat.move on name = move
          where kind = 'link' and held and until > clock_timestamp() and facts -> 'lastPass' <> 'null') as copies`
      const { rows } = await pool.query<{ copies: string }>(sql, [perSource])
      return Math.max(1, Number(rows[0]?.copies))
    },
  }
}
