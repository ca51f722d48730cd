// A PostgreSQL that is not ours, for `database:`: a server of its own with one empty database, which goes when the test ends.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client } from 'pg'
import { placesOf } from '../../src/controller/places.ts'
import { startPostgres } from '../../src/controller/postgres.ts'

export type SharedDatabase = {
  readonly url: string
  /** Path of the socket on which the server listens. */
  readonly socket: string
  /** Ends the server, and starts it again. */
  readonly restart: () => Promise<void>
  /** Runs one statement on a connection of its own. */
  readonly query: <Row extends Record<string, unknown>>(sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>
}

type Test = { readonly after: (act: () => Promise<void>) => void }

export async function openSharedDatabase(test: Test): Promise<SharedDatabase> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-shared-'))
  const places = placesOf(folder)
  const start = async () => await startPostgres(places, AbortSignal.timeout(60_000))
  let server = await start()
  test.after(async () => {
    await server.stop()
    for (const each of [folder, places.sockets]) rmSync(each, { recursive: true, force: true })
  })
  const url = server.url.replace('/postgres?', '/shared?')
  await ask(server.url, 'create database shared')
  const restart = async () => {
    await server.stop()
    server = await start()
  }
  return { url, socket: path.join(places.sockets, '.s.PGSQL.5432'), restart, query: async (sql, values) => await ask(url, sql, values) }
}

async function ask<Row extends Record<string, unknown>>(url: string, sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}
