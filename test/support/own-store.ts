// A store of a test's own, in a real PostgreSQL that is there for as long as the tests of its file.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before } from 'node:test'
import { Pool } from 'pg'
import { placesOf } from '../../src/controller/places.ts'
import { startPostgres, type Database } from '../../src/controller/postgres.ts'
import { createTables, openStore, type Store } from '../../src/workflows/store.ts'

export type OwnStore = { readonly pool: () => Pool; readonly store: () => Store; /** Where another pool finds it. */ readonly url: () => string }

/** Starts it before the tests of a file, and takes it away after them. */
export function ownStore(name: string): OwnStore {
  const folder = mkdtempSync(path.join(tmpdir(), `lifeboat-${name}-`))
  let open: { readonly database: Database; readonly pool: Pool; readonly store: Store } | null = null
  const opened = () => {
    if (open === null) throw new Error('The database of this test is not there yet.')
    return open
  }
  before(async () => {
    const database = await startPostgres(placesOf(folder), AbortSignal.timeout(60_000))
    const pool = new Pool({ connectionString: database.url, max: 10 })
    // A connection that was ended may still be there when its server stops, and hear that.
    pool.on('error', () => undefined)
    await createTables(pool)
    open = { database, pool, store: openStore(pool) }
  })
  after(async () => {
    await open?.pool.end()
    await open?.database.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return { pool: () => opened().pool, store: () => opened().store, url: () => opened().database.url }
}
