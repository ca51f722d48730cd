// The tables of the durable engine carry a number, and so do ours. An engine that meets a higher one than its own works on
// without a word; we refuse, before we touch anything. A lower one is raised, by one process at a time.
import { allMigrations } from '@dbos-inc/dbos-sdk/internal/sysdb_migrations/internal/migrations'
import { ensureSystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database'
import { GlobalLogger } from '@dbos-inc/dbos-sdk/internal/telemetry/logs'
import type { Pool, PoolClient } from 'pg'
import { LifeboatError } from '../core/errors.ts'
import { waitUntil } from '../io/wait.ts'

const key = 7_163_542
const lockWithinMs = 120_000

/** Of our own tables: to be raised with them, with what stands in them, or with the runbook, where an older version would go wrong. */
const ownVersion = 1

export const versionTable = `
create table if not exists lifeboat.version (sole boolean primary key default true check (sole), number int not null);
insert into lifeboat.version as known (number) values (${ownVersion})
  on conflict (sole) do update set number = excluded.number where known.number < excluded.number;
`

/** Runs `act`, which may raise the number, alone among all processes of the database. Fails with database-newer before it. */
export async function withSchema<T>(pool: Pool, act: () => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await waitUntil(async () => ((await tryLock(client)) ? true : null), {
      what: 'The start of another process, which brings the database up to date,',
      deadlineMs: lockWithinMs,
      everyMs: 100,
      signal: new AbortController().signal,
    })
    await refuseNewer(client)
    return await act()
  } finally {
    // Its lock goes with the connection, whatever happened to it.
    client.release(true)
  }
}

/** Not by waiting in the database: the engine builds indexes there, which waits for every statement that began before, ours too. */
async function tryLock(client: PoolClient): Promise<boolean> {
  return (await client.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [key])).rows[0]?.got === true
}

/** Raises the number of a database that nobody has opened yet, without a word: what the engine says by itself goes to stdout. */
export async function migrateSchema(pool: Pool, url: string): Promise<void> {
  const silent = { info: () => undefined, debug: () => undefined, warn: () => undefined, error: () => undefined }
  await withSchema(pool, async () => await ensureSystemDatabase(url, new GlobalLogger(undefined, { logger: silent })))
}

/** Fails with database-newer once somebody has raised the number of our tables: what is written there now, this version may not read. */
export async function refuseRaised(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ number: number }>('select number from lifeboat.version')
  const theirs = rows[0]?.number ?? ownVersion
  if (theirs > ownVersion) throw newerThan({ what: 'tables have', theirs, ours: ownVersion })
}

async function refuseNewer(client: PoolClient): Promise<void> {
  const numbers = [
    { what: 'tables have', theirs: await highest(client, 'lifeboat.version', 'number'), ours: ownVersion },
    { what: 'journal has', theirs: await highest(client, 'dbos.dbos_migrations', 'version'), ours: allMigrations().length },
  ]
  const newer = numbers.find(({ theirs, ours }) => theirs > ours)
  if (newer !== undefined) throw newerThan(newer)
}

function newerThan({ what, theirs, ours }: { readonly what: string; readonly theirs: number; readonly ours: number }): LifeboatError {
  return new LifeboatError('database-newer', `A newer Lifeboat has used this database: its ${what} version ${theirs}, this one knows up to ${ours}.`)
}

/** 0 where there is no such table: nobody, or a version that kept no number. */
async function highest(client: PoolClient, table: string, column: string): Promise<number> {
  const { rows } = await client.query<{ here: boolean }>('select to_regclass($1) is not null as here', [table])
  if (rows[0]?.here !== true) return 0
  return Number((await client.query<{ highest: string | null }>(`select max(${column}) as highest from ${table}`)).rows[0]?.highest ?? 0)
}
