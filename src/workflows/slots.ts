// Places of moves that do the same thing at the same time, for all processes on this database: core/slots.ts decides, one
// guarded statement takes. A place runs out, so a move whose controller is gone keeps nobody waiting for long; a move
// that asks again within that time has it still.
import type { Pool } from 'pg'
import { fullFor, type Limits, type Place, type Slot, type SlotKind } from '../core/slots.ts'

/** `taken` counts: who decided on an older count than there is decides again. */
export const slotTables = `
create table if not exists lifeboat.slot (
  kind text not null, provider text not null, move text not null, place bigserial, held boolean not null, until timestamptz not null, primary key (kind, provider, move));
create table if not exists lifeboat.slot_round (sole boolean primary key default true check (sole), taken bigint not null default 0);
insert into lifeboat.slot_round default values on conflict do nothing;
`

/** `full`: what it waits for; null: it has all. `holders`: who has places of those kinds at those providers now. */
export type Taken = { readonly full: Slot | null; readonly holders: readonly string[] }

/** Who waits asks again within this time, or others go before. */
const waitsMs = 4000
const wantedRows = 'unnest($2::text[], $3::text[]) as wanted (kind, provider)'
const later = (parameter: string): string => `clock_timestamp() + ${parameter} * interval '1 ms'`

export function slots(pool: Pool) {
  const asked = (move: string, wanted: readonly Slot[]) => [move, wanted.map(({ kind }) => kind), wanted.map(({ of }) => of)]

  /** Has them for so many ms from now on; false: not all of them are its own. */
  const keepSlots = async (move: string, wanted: readonly Slot[], ms: number): Promise<boolean> => {
    const sql = `update lifeboat.slot s set until = ${later('$4')} from ${wantedRows}
      where move = $1 and s.kind = wanted.kind and s.provider = wanted.provider and held and until > clock_timestamp()`
    return (await pool.query(sql, [...asked(move, wanted), ms])).rowCount === wanted.length
  }

  /** Its place in the line is that of the first time, also after it had what it waited for, until `dropSlots`. */
  const join = async (move: string, wanted: readonly Slot[]): Promise<void> => {
    const sql = `insert into lifeboat.slot as s (move, kind, provider, held, until) select $1, kind, provider, false, ${later('$4')} from ${wantedRows}
      on conflict (kind, provider, move) do update set held = false, until = excluded.until`
    await pool.query(sql, [...asked(move, wanted), waitsMs])
  }

  const look = async (wanted: readonly Slot[]): Promise<{ readonly round: string; readonly line: readonly Place[] }> => {
    const sql = `select (select taken from lifeboat.slot_round) as round, move, kind, provider as of, held from lifeboat.slot
      where kind = any($1) and until > clock_timestamp() order by place`
    const { rows } = await pool.query<Slot & { round: string; move: string; held: boolean }>(sql, [wanted.map(({ kind }) => kind)])
    const places = Map.groupBy(rows, (row) => row.move)
    return {
      round: rows[0]?.round ?? '',
      line: [...places].map(([move, own]) => ({ move, slots: own.map(({ kind, of }) => ({ kind, of })), held: own.every((row) => row.held) })),
    }
  }

  const take = async (move: string, wanted: readonly Slot[], ms: number, round: string): Promise<boolean> => {
    const sql = `with mine as (update lifeboat.slot_round set taken = taken + 1 where taken = $5 returning 1)
      update lifeboat.slot s set held = true, until = ${later('$4')} from mine, ${wantedRows} where move = $1 and s.kind = wanted.kind and s.provider = wanted.provider`
    return (await pool.query(sql, [...asked(move, wanted), ms, round])).rowCount === wanted.length
  }

  return {
    keepSlots,
    /** Takes all of these for so many ms, or none and joins the line; what it has already it keeps. */
    takeSlots: async (move: string, wanted: readonly Slot[], limits: Limits, ms: number): Promise<Taken> => {
      for (;;) {
        if (!(await keepSlots(move, wanted, ms))) await join(move, wanted)
        const { round, line } = await look(wanted)
        const holders = line.filter((each) => each.held && each.slots.some((slot) => wanted.some(({ kind, of }) => kind === slot.kind && of === slot.of)))
        const names = holders.map((each) => each.move)
        if (names.includes(move)) return { full: null, holders: names }
        const full = fullFor(move, line, limits)
        if (full !== null) return { full, holders: names }
        if (await take(move, wanted, ms, round)) return { full: null, holders: [...names, move] }
      }
    },
    /** The move that holds clients of this source provider; null: none. */
    turnOf: async (provider: string): Promise<string | null> => {
      const sql = `select move from lifeboat.slot where kind = 'hold' and provider = $1 and held and until > clock_timestamp()`
      return (await pool.query<{ move: string }>(sql, [provider])).rows[0]?.move ?? null
    },
    /** Others may have them now. */
    leaveSlots: async (move: string, kinds: readonly SlotKind[]): Promise<void> => {
      await pool.query('update lifeboat.slot set held = false, until = clock_timestamp() where move = $1 and kind = any($2)', [move, kinds])
    },
    /** The run is over, and with it its places in all lines. When it began at its target counts on. */
    dropSlots: async (move: string): Promise<void> => {
      await pool.query(`delete from lifeboat.slot where move = $1 and (kind <> 'start' or until < clock_timestamp())`, [move])
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
