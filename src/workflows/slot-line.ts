// The line of moves that wait for places, and its statements: many asks are answered by one look at it.
import type { Pool } from 'pg'
import { keyOf, turnsIn, type Limits, type Place, type Slot, type SlotKind, type Turn } from '../core/slots.ts'

/** `full`: what it waits for; null: it has all. `holders`: who has places of those kinds at those providers now. */
export type Taken = Turn & { readonly holders: readonly string[] }

/** One move that asks for places, for so many ms. */
export type Ask = { readonly move: string; readonly wanted: readonly Slot[]; readonly limits: Limits; readonly ms: number }

/** Who waits asks again within this time, or others go before. */
const waitsMs = 12_000
const wantedRows = 'unnest($1::text[], $2::text[], $3::text[], $4::float8[]) as wanted (move, kind, provider, ms)'
const later = (parameter: string): string => `clock_timestamp() + ${parameter} * interval '1 ms'`

export function openLine(pool: Pool) {
  const rowsOf = (asks: readonly Ask[]): unknown[][] => {
    const rows = asks.flatMap(({ move, wanted, ms }) => wanted.map(({ kind, of }) => [move, kind, of, ms]))
    return [0, 1, 2, 3].map((column) => rows.map((row) => row[column]))
  }

  /** Those that have all that they ask for, which they keep from now on. */
  const keep = async (asks: readonly Ask[]): Promise<ReadonlySet<string>> => {
    const sql = `update lifeboat.slot s set until = ${later('wanted.ms')} from ${wantedRows}
      where s.move = wanted.move and s.kind = wanted.kind and s.provider = wanted.provider and held and until > clock_timestamp() returning s.move`
    const kept = Map.groupBy((await pool.query<{ move: string }>(sql, rowsOf(asks))).rows, ({ move }) => move)
    return new Set(asks.flatMap(({ move, wanted }) => (kept.get(move)?.length === wanted.length ? [move] : [])))
  }

  /** Its place in the line is that of the first time, also after it had what it waited for, until `dropSlots`. */
  const join = async (asks: readonly Ask[]): Promise<void> => {
    const sql = `insert into lifeboat.slot as s (move, kind, provider, held, until) select move, kind, provider, false, ${later('ms')} from ${wantedRows}
      on conflict (kind, provider, move) do update set held = false, until = excluded.until`
    if (asks.length > 0) await pool.query(sql, rowsOf(asks.map((ask) => ({ ...ask, ms: waitsMs }))))
  }

  const look = async (kinds: readonly SlotKind[]): Promise<{ readonly round: string; readonly line: readonly Place[] }> => {
    const sql = `select (select taken from lifeboat.slot_round) as round, move, kind, provider as of, held from lifeboat.slot
      where kind = any($1) and until > clock_timestamp() order by place`
    const { rows } = await pool.query<Slot & { round: string; move: string; held: boolean }>(sql, [kinds])
    const places = Map.groupBy(rows, (row) => row.move)
    return {
      round: rows[0]?.round ?? '',
      line: [...places].map(([move, own]) => ({ move, slots: own.map(({ kind, of }) => ({ kind, of })), held: own.every((row) => row.held) })),
    }
  }

  const take = async (asks: readonly Ask[], round: string): Promise<boolean> => {
    const sql = `with mine as (update lifeboat.slot_round set taken = taken + 1 where taken = $5 returning 1)
      update lifeboat.slot s set held = true, until = ${later('wanted.ms')} from mine, ${wantedRows}
        where s.move = wanted.move and s.kind = wanted.kind and s.provider = wanted.provider`
    return asks.length === 0 || (await pool.query(sql, [...rowsOf(asks), round])).rowCount === asks.reduce((sum, { wanted }) => sum + wanted.length, 0)
  }

  /** Answers asks of different moves, which have the same limits and kinds. */
  const answer = async (asks: readonly Ask[]): Promise<ReadonlyMap<string, Taken>> => {
    const kept = await keep(asks)
    await join(asks.filter(({ move }) => !kept.has(move)))
    const [first] = asks
    if (first === undefined) return new Map()
    for (;;) {
      const { round, line } = await look(first.wanted.map(({ kind }) => kind))
      const turns = turnsIn(line, first.limits)
      const free = new Set(asks.flatMap(({ move }) => (turns.get(move)?.full === null ? [move] : [])))
      const taken = asks.filter(({ move }) => free.has(move))
      if (!(await take(taken, round))) continue
      const holders = holdersIn(line.filter(({ move, held }) => held || free.has(move)))
      return new Map(asks.map((ask) => [ask.move, { ...(turns.get(ask.move) ?? { full: null, ahead: 0 }), holders: holders(ask) }]))
    }
  }
  return { keep, answer }
}

/** Who of these has one of the places that somebody asks for. */
function holdersIn(held: readonly Place[]): (ask: Ask) => readonly string[] {
  const places = held.flatMap(({ move, slots }) => slots.map((slot) => ({ move, key: keyOf(slot) })))
  const holders = Map.groupBy(places, ({ key }) => key)
  return ({ wanted }) => [...new Set(wanted.flatMap((slot) => (holders.get(keyOf(slot)) ?? []).map(({ move }) => move)))]
}
