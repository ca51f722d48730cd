// One controller for a state folder: an advisory lock on a connection that is held for life. It is free at once when
// the holder is killed, and held while it is only stopped.
import { hostname } from 'node:os'
import { LifeboatError } from '../core/errors.ts'
import { connect, unreachable, type Database } from './database.ts'

const key = 7_163_541

export type Lock = { readonly release: () => Promise<void> }

/** A state folder, on whichever machine it is. */
export function folderName(state: string): string {
  return `${hostname()}:${state}`
}

/** Takes the lock of a folder or fails with controller-busy, naming who holds it since when. `onLost` is called when the connection ends. */
export async function takeLock(database: Database, folder: string, onLost: () => void): Promise<Lock> {
  const client = await connect(database)
  const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1, hashtext($2)) as got', [key, folder])
  if (rows[0]?.got !== true) {
    const sql = 'select pid, host, since from lifeboat.controller where folder = $1'
    const holder = await client.query<{ pid: number; host: string; since: Date }>(sql, [folder]).catch(() => null)
    await client.end()
    const who = holder?.rows[0]
    const words = who === undefined ? 'another process' : `process ${who.pid} on ${who.host} since ${who.since.toISOString()}`
    throw new LifeboatError('controller-busy', `A controller already holds this state folder: ${words}.`, { details: { ...who } })
  }
  client.on('error', onLost)
  client.on('end', onLost)
  // Several processes may make the same things at the same moment.
  const table = `select pg_advisory_xact_lock(${key}); create schema if not exists lifeboat;
    create table if not exists lifeboat.controller (folder text primary key, pid int not null, host text not null, since timestamptz not null);`
  await client.query(table).catch((error: unknown) => {
    throw unreachable(database, error)
  })
  const sql = `insert into lifeboat.controller (folder, pid, host, since) values ($1, $2, $3, now())
    on conflict (folder) do update set pid = excluded.pid, host = excluded.host, since = now()`
  await client.query(sql, [folder, process.pid, hostname()])
  return {
    release: async () => {
      client.off('error', onLost).off('end', onLost)
      await client.end()
    },
  }
}
