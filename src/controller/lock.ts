// One controller for a state folder: an advisory lock on a connection that is held for life. It is free at once when
// the holder is killed, and held while it is only stopped.
import { hostname } from 'node:os'
import { Client } from 'pg'
import { LifeboatError } from '../core/errors.ts'
import { waitUntil } from '../io/wait.ts'

const key = 7_163_541
/** The server is still starting (or recovering): no socket yet, nobody listens, or `the database system is starting up`. */
const notYet = ['ENOENT', 'ECONNREFUSED', '57P03']

/** Takes the lock or fails with controller-busy, naming who holds it since when. `onLost` is called when the connection ends. */
export async function takeLock(databaseUrl: string, onLost: () => void): Promise<void> {
  const client = await waitUntil(async () => await connected(databaseUrl), {
    what: 'An answer of the database',
    deadlineMs: 15_000,
    everyMs: 200,
    signal: AbortSignal.timeout(20_000),
  })
  const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [key])
  if (rows[0]?.got !== true) {
    const holder = await client.query<{ pid: number; host: string; since: Date }>('select pid, host, since from lifeboat.holder').catch(() => null)
    await client.end()
    const who = holder?.rows[0]
    const words = who === undefined ? 'another process' : `process ${who.pid} on ${who.host} since ${who.since.toISOString()}`
    throw new LifeboatError('controller-busy', `A controller already holds this state folder: ${words}.`, { details: { ...who } })
  }
  client.on('error', onLost)
  client.on('end', onLost)
  await client.query('create schema if not exists lifeboat')
  await client.query(
    'create table if not exists lifeboat.holder (sole boolean primary key default true check (sole), pid int not null, host text not null, since timestamptz not null)',
  )
  const sql =
    'insert into lifeboat.holder (pid, host, since) values ($1, $2, now()) on conflict (sole) do update set pid = excluded.pid, host = excluded.host, since = now()'
  await client.query(sql, [process.pid, hostname()])
}

async function connected(databaseUrl: string): Promise<Client | null> {
  const client = new Client({ connectionString: databaseUrl, keepAlive: true })
  try {
    await client.connect()
    return client
  } catch (error) {
    if (error instanceof Error && 'code' in error && notYet.includes(String(error.code))) return null
    throw error
  }
}
