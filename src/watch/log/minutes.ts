// What each observer saw of each target in each minute, counted by rung: a day of all targets without reading a day of records.
import type { DatabaseSync } from 'node:sqlite'
import { rungs, type Rung, type Sample } from '../../core/evidence.ts'
import { isBad } from '../slow.ts'
import type { Entry } from './runs.ts'

const minuteMs = 60_000

/** How often a rung was tried, and how often it failed or was slower than it may ever be. */
export type Count = { readonly tried: number; readonly bad: number }
/** `at`: when the stretch of `everyMs` begins. */
export type Looks = { readonly at: string; readonly observer: string; readonly target: string; readonly rungs: Readonly<Partial<Record<Rung, Count>>> }

export type LooksQuery = {
  readonly from: string
  readonly to: string
  /** A whole number of minutes. */
  readonly everyMs: number
  readonly targets?: readonly string[] | undefined
  readonly observers?: readonly string[] | undefined
}

export type Minutes = {
  readonly add: (segment: number, entries: readonly Entry[]) => void
  /** Of the minutes that begin in a stretch of time; in the order of their times. */
  readonly find: (query: LooksQuery) => readonly Looks[]
  readonly forget: (segment: number) => void
}

/** `looks`: by the index of the rung, [tried, bad]. A minute may go over the end of a segment, which is dropped alone. */
export const minutesTable = `
  create table minutes (target text not null, minute integer not null, observer text not null, segment integer not null, looks text not null,
    primary key (target, minute, observer, segment)) strict, without rowid;
  create index minutes_of_all on minutes (minute);
  create index minutes_of_segment on minutes (segment);`

type Row = { readonly target: string; readonly minute: number; readonly observer: string; readonly looks: number[][] }

export function minutesIn(database: DatabaseSync): Minutes {
  const known = database.prepare('select looks from minutes where target = ? and minute = ? and observer = ? and segment = ?')
  const put = database.prepare('insert or replace into minutes (target, minute, observer, segment, looks) values (?, ?, ?, ?, ?)')
  const drop = database.prepare('delete from minutes where segment = ?')
  return {
    add: (segment, entries) => {
      for (const { target, minute, observer, looks } of countedIn(entries)) {
        const before = known.get(target, minute, observer, segment)?.['looks']
        const all = before === undefined ? looks : rungs.map((_, at) => sum(looks[at], (JSON.parse(String(before)) as number[][])[at]))
        put.run(target, minute, observer, segment, JSON.stringify(all))
      }
    },
    find: (query) => findIn(database, query),
    forget: (segment) => void drop.run(segment),
  }
}

function countedIn(entries: readonly Entry[]): Iterable<Row> {
  const rows = new Map<string, Row>()
  for (const { content } of entries) {
    const { evidence } = content
    if (evidence?.kind !== 'sample' || evidence.outcome === 'unknown') continue
    const { target, observer } = evidence
    const minute = Math.floor(Date.parse(evidence.at) / minuteMs)
    const key = `${minute}\n${observer}\n${target}`
    const row = rows.get(key) ?? { target, minute, observer, looks: rungs.map(() => [0, 0]) }
    rows.set(key, row)
    count(row, evidence)
  }
  return rows.values()
}

function count({ looks }: Row, sample: Sample): void {
  const at = rungs.indexOf(sample.rung)
  looks[at] = sum(looks[at], [1, isBad(sample) ? 1 : 0])
}

function sum(one: readonly number[] = [], other: readonly number[] = []): number[] {
  return [(one[0] ?? 0) + (other[0] ?? 0), (one[1] ?? 0) + (other[1] ?? 0)]
}

function findIn(database: DatabaseSync, { from, to, everyMs, targets, observers }: LooksQuery): Looks[] {
  const wanted = Object.entries({ target: targets, observer: observers }).flatMap(([column, list]) => (list === undefined ? [] : [{ column, list }]))
  const conditions = wanted.map(({ column }) => ` and ${column} in (select value from json_each(?))`).join('')
  const statement = database.prepare(
    `select target, minute, observer, looks from minutes where minute >= ? and minute < ?${conditions} order by minute, target, observer`,
  )
  const [since, before] = [from, to].map((time) => Math.ceil(Date.parse(time) / minuteMs))
  const found = new Map<string, Row>()
  for (const row of statement.iterate(since ?? 0, before ?? 0, ...wanted.map(({ list }) => JSON.stringify(list)))) {
    const { target, observer } = { target: String(row['target']), observer: String(row['observer']) }
    const minute = Math.floor((Number(row['minute']) * minuteMs) / everyMs) * everyMs
    const looks = JSON.parse(String(row['looks'])) as number[][]
    const key = `${minute}\n${observer}\n${target}`
    const before = found.get(key)
    found.set(key, { target, minute, observer, looks: before === undefined ? looks : rungs.map((_, at) => sum(before.looks[at], looks[at])) })
  }
  return [...found.values()].map(({ minute, observer, target, looks }) => ({ at: new Date(minute).toISOString(), observer, target, rungs: namesOf(looks) }))
}

function namesOf(looks: readonly (readonly number[])[]): Looks['rungs'] {
  return Object.fromEntries(
    rungs.flatMap((rung, at) => ((looks[at]?.[0] ?? 0) === 0 ? [] : [[rung, { tried: looks[at]?.[0] ?? 0, bad: looks[at]?.[1] ?? 0 }]])),
  )
}
