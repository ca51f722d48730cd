// `lifeboat database move`: what the embedded database of a state folder knows goes into a shared one, and runs go on there.
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client, Pool } from 'pg'
import { staysOnMachine } from '../app/engine.ts'
import { readKeys } from '../io/known-hosts.ts'
import { LifeboatError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { migrateSchema } from '../workflows/schema-version.ts'
import { createTables, openStore } from '../workflows/store.ts'
import { carryAll, type Carried } from './carry.ts'
import { stopController } from './client.ts'
import { connect, lostConnection, openDatabase, type Database } from './database.ts'
import { labelOf } from '../core/database-url.ts'
import { folderName, takeLock } from './lock.ts'
import { placesOf, type Places } from './places.ts'

export type Moved = Carried & { readonly label: string; readonly moves: number }

/**
 * Ends the controller of the folder, carries everything over in one transaction, and marks the folder. Nothing is taken
 * out of the embedded database; from then on it is refused. Fails with not-now when there is nothing to carry, the other
 * database has moves or is in use, or a move has what only this machine knows; with database-unreachable.
 */
export async function moveDatabase(state: string, url: Secret, signal: AbortSignal): Promise<Moved> {
  const places = placesOf(state)
  const label = labelOf(url)
  const to: Database = { url: url.reveal(), label, isShared: true, stop: async () => await Promise.resolve() }
  if (!existsSync(join(places.database, 'PG_VERSION')))
    throw new LifeboatError('not-now', `${places.state} has no embedded database; there is nothing to carry.`)
  await (await connect(to)).end()
  await stopController(state, signal)
  // A try that was interrupted has left its mark, but nothing in the other database.
  await unmarkInterrupted(places, to)
  // The controller that ended took the folder of its sockets along.
  const from = await openDatabase(placesOf(state), null, signal)
  const lost = new AbortController()
  try {
    const lock = await takeLock(from, folderName(places.state), () => lost.abort(lostConnection(from)))
    try {
      return await carryOver(places, from, to, lost.signal)
    } finally {
      await lock.release()
    }
  } finally {
    await from.stop()
  }
}

async function unmarkInterrupted(places: Places, to: Database): Promise<void> {
  if (!existsSync(places.moved)) return
  const client = await connect(to)
  try {
    if (await hasMoves(client))
      throw new LifeboatError('not-now', `The moves of ${places.state} are in ${(await readFile(places.moved, 'utf8')).trim()} already.`)
    await rm(places.moved)
  } finally {
    await client.end()
  }
}

async function carryOver(places: Places, from: Database, to: Database, lost: AbortSignal): Promise<Moved> {
  for (const { url } of [from, to]) await bringUpToDate(url)
  const pool = new Pool({ connectionString: from.url, max: 2 })
  const [source, target] = [new Client({ connectionString: from.url }), await connect(to)]
  try {
    const store = openStore(pool)
    const moves = await store.moves()
    for (const move of moves) {
      if (move.state !== 'finished' && staysOnMachine(move.plan.to.kind, await store.configOf(move.name)))
        throw new LifeboatError('not-now', `The target of ${move.name} was declared with Pulumi on this machine alone; finish that move first.`)
    }
    await source.connect()
    await source.query('begin isolation level repeatable read read only')
    await target.query('begin')
    await refuseUsed(target, to.label)
    const carried = await carryAll(source, target)
    await keepHostKeys(target, places)
    lost.throwIfAborted()
    // Never both: a mark without moves over there can be mended, moves that run in two places cannot.
    await writeFile(places.moved, `${to.label}\n`, { mode: 0o600, flush: true })
    await target.query('commit').catch(async (error: unknown) => {
      if (!(await isThere(to))) await rm(places.moved)
      throw error
    })
    return { ...carried, label: to.label, moves: moves.length }
  } finally {
    await Promise.all([source.end(), target.end(), pool.end()])
  }
}

async function bringUpToDate(url: string): Promise<void> {
  const pool = new Pool({ connectionString: url, max: 2 })
  try {
    await createTables(pool)
    await migrateSchema(pool, url)
  } finally {
    await pool.end()
  }
}

async function refuseUsed(target: Client, label: string): Promise<void> {
  if (await hasMoves(target)) throw new LifeboatError('not-now', `${label} holds moves already.`)
  const alive = `select from lifeboat.executor where not fenced and beat > clock_timestamp() - interval '1 min' limit 1`
  if ((await target.query(alive)).rowCount !== 0) throw new LifeboatError('not-now', `A worker or controller uses ${label} already; end it first.`)
}

async function hasMoves(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ here: boolean }>(`select to_regclass('lifeboat.move') is not null as here`)
  return rows[0]?.here === true && (await client.query('select from lifeboat.move limit 1')).rowCount !== 0
}

/** Whether a commit whose answer was lost was made. */
async function isThere(to: Database): Promise<boolean> {
  const client = await connect(to)
  try {
    return await hasMoves(client)
  } finally {
    await client.end()
  }
}

async function keepHostKeys(target: Client, places: Places): Promise<void> {
  const keys = readKeys(await readFile(places.knownHosts, 'utf8').catch(() => ''))
  for (const { host, kind, key } of keys)
    await target.query('insert into lifeboat.host_key (host, kind, key) values ($1, $2, $3) on conflict do nothing', [host, kind, key])
}
