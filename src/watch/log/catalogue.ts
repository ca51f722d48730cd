// Where in the segments what stands: an index in SQLite that is made anew from them when it is gone. Each row tells of a
// run of records.
import { existsSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { EvidenceQuery } from '../evidence-log.ts'
import { minutesIn, minutesTable, type Minutes } from './minutes.ts'
import { longestRunMs, runsOf, type Entry } from './runs.ts'
import type { Mark } from './walk.ts'

/** Another one where what is counted changes, such as when a rung is bad. */
const version = 2
const sqliteCorrupt = 11
const sqliteNoDatabase = 26

/** Bytes of a segment in which records stand side by side. */
export type Stretch = { readonly segment: number; readonly offset: number; readonly bytes: number }
export type Known = Mark & { readonly newestMs: number | null }

export type Catalogue = {
  /** Segments in their order, each with its last line. */
  readonly segments: () => readonly Known[]
  /** Lines of one segment up to `mark`, in one transaction. */
  readonly add: (mark: Mark, entries: readonly Entry[]) => void
  readonly find: (query: EvidenceQuery) => readonly Stretch[]
  readonly looks: Minutes['find']
  /** The newest line with these bytes. */
  readonly findRaw: (sha256: string) => Stretch | null
  readonly forget: (segment: number) => void
  readonly close: () => void
}

const tables = `
  create table segments (first integer primary key, bytes integer not null, seq integer not null, hash text not null, oldest integer, newest integer) strict;
  create table runs (target text not null, began integer not null, segment integer not null, offset integer not null, bytes integer not null,
    ended integer not null, kind text not null, observer text not null, primary key (target, began, segment, offset)) strict, without rowid;
  create index runs_began on runs (began, segment);
  create table raw (sha256 text not null, segment integer not null, offset integer not null, bytes integer not null, primary key (sha256, segment)) strict, without rowid;${minutesTable}
  pragma user_version = ${version};`

/** Of a log that somebody else may write; null: there is none (yet). */
export function readCatalogue(file: string): Pick<Catalogue, 'segments' | 'find' | 'looks' | 'findRaw' | 'close'> | null {
  if (!existsSync(file)) return null
  const database = new DatabaseSync(file, { timeout: 5000 })
  try {
    if (database.prepare('pragma user_version').get()?.['user_version'] === version) return catalogueIn(database)
  } catch (error) {
    if (!isNoDatabase(error)) throw error
  }
  database.close()
  return null
}

function isNoDatabase(error: unknown): boolean {
  const { errcode } = Object(error) as { readonly errcode?: unknown }
  return errcode === sqliteCorrupt || errcode === sqliteNoDatabase
}

/** What is no index of this version is made anew, empty: whoever opens it fills it. */
export function openCatalogue(file: string): Catalogue {
  try {
    return catalogueIn(databaseOf(file))
  } catch {
    for (const each of [file, `${file}-wal`, `${file}-shm`]) rmSync(each, { force: true })
    return catalogueIn(databaseOf(file))
  }
}

function databaseOf(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5000 })
  try {
    // Others may read meanwhile. Consistent after a loss of power, though it may lack the last rows: they are found in the segments again.
    database.exec('pragma journal_mode = wal; pragma synchronous = normal')
    const found = database.prepare('pragma user_version').get()?.['user_version']
    if (found === 0) database.exec(`begin; ${tables} commit`)
    else if (found !== version) throw new Error(`The index has version ${String(found)}`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function catalogueIn(database: DatabaseSync): Catalogue {
  const segments = database.prepare('select first, bytes, seq, hash, newest from segments order by first')
  const addRun = database.prepare('insert or replace into runs (target, began, segment, offset, bytes, ended, kind, observer) values (?, ?, ?, ?, ?, ?, ?, ?)')
  const addRaw = database.prepare('insert or replace into raw (sha256, segment, offset, bytes) values (?, ?, ?, ?)')
  const addSegment = database.prepare(`insert into segments (first, bytes, seq, hash, oldest, newest) values (?, ?, ?, ?, ?, ?) on conflict (first) do update
    set bytes = excluded.bytes, seq = excluded.seq, hash = excluded.hash,
    oldest = min(coalesce(oldest, excluded.oldest), coalesce(excluded.oldest, oldest)), newest = max(coalesce(newest, excluded.newest), coalesce(excluded.newest, newest))`)
  const findRaw = database.prepare('select segment, offset, bytes from raw where sha256 = ? order by segment desc limit 1')
  const minutes = minutesIn(database)
  segments.all()
  const together = (act: () => void): void => {
    database.exec('begin')
    try {
      act()
      database.exec('commit')
    } catch (error) {
      if (database.isTransaction) database.exec('rollback')
      throw error
    }
  }
  return {
    segments: () =>
      segments.all().map(({ first, bytes, seq, hash, newest }) => ({
        segment: Number(first),
        offset: Number(bytes),
        seq: Number(seq),
        hash: String(hash),
        newestMs: newest === null ? null : Number(newest),
      })),
    add: ({ segment, offset, seq, hash }, entries) =>
      together(() => {
        const runs = runsOf(entries)
        for (const run of runs) addRun.run(run.target, run.began, segment, run.offset, run.bytes, run.ended, run.kind, run.observer)
        for (const { content, ...at } of entries) if (content.raw !== undefined) addRaw.run(content.raw.sha256, segment, at.offset, at.bytes)
        minutes.add(segment, entries)
        const oldest = runs.reduce<number | null>((least, { began }) => Math.min(least ?? began, began), null)
        const newest = runs.reduce<number | null>((most, { ended }) => Math.max(most ?? ended, ended), null)
        addSegment.run(segment, offset, seq, hash, oldest, newest)
      }),
    find: (query) => findIn(database, query),
    looks: minutes.find,
    findRaw: (sha256) => {
      const row = findRaw.get(sha256)
      return row === undefined ? null : { segment: Number(row['segment']), offset: Number(row['offset']), bytes: Number(row['bytes']) }
    },
    forget: (segment) =>
      together(() => {
        const times = database.prepare('select oldest, newest from segments where first = ?').get(segment)
        const own = database.prepare('delete from runs where segment = ? and began between ? and ?')
        own.run(segment, Number(times?.['oldest'] ?? 0), Number(times?.['newest'] ?? 0))
        minutes.forget(segment)
        database.prepare('delete from raw where segment = ?').run(segment)
        database.prepare('delete from segments where first = ?').run(segment)
      }),
    close: () => database.close(),
  }
}

/** Runs that may hold what is asked for; the records themselves tell. */
function findIn(database: DatabaseSync, { from, to, kinds, targets, observers }: EvidenceQuery): Stretch[] {
  // Records without a target or an observer are not narrowed by them.
  const lists = {
    kind: kinds,
    target: targets === undefined ? undefined : ['', ...targets],
    observer: observers === undefined ? undefined : ['', ...observers],
  }
  const wanted = Object.entries(lists).flatMap(([column, list]) => (list === undefined ? [] : [{ column, list: JSON.stringify(list) }]))
  const conditions = wanted.map(({ column }) => ` and ${column} in (select value from json_each(?))`).join('')
  const sql = `select segment, offset, bytes from runs where began > ? and began < ? and ended >= ?${conditions} order by segment, offset`
  const since = Date.parse(from)
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  const rows = statement.all(since - longestRunMs - 1, Date.parse(to), since, ...wanted.map(({ list }) => list)) as unknown as number[][]
  return rows.map(([segment = 0, offset = 0, bytes = 0]) => ({ segment, offset, bytes }))
}
