// The tables of the durable engine carry a number. An engine that meets a higher one than its own works on without a word;
// we refuse. A lower one is raised by the engine itself, by one process at a time.
import { allMigrations } from '@dbos-inc/dbos-sdk/internal/sysdb_migrations/internal/migrations'
import { ensureSystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database'
import { GlobalLogger } from '@dbos-inc/dbos-sdk/internal/telemetry/logs'
import type { Pool, PoolClient } from 'pg'
import { LifeboatError } from '../core/errors.ts'
import { waitUntil } from '../io/wait.ts'

const key = 7_163_542
const lockWithinMs = 120_000

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

async function refuseNewer(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ here: boolean }>(`select to_regclass('dbos.dbos_migrations') is not null as here`)
  if (rows[0]?.here !== true) return
  const found = await client.query<{ version: string }>('select max(version) as version from dbos.dbos_migrations')
  const [theirs, ours] = [Number(found.rows[0]?.version ?? 0), allMigrations().length]
  if (theirs <= ours) return
  throw new LifeboatError('database-newer', `A newer Lifeboat has used this database: its journal has version ${theirs}, this one knows up to ${ours}.`)
}
