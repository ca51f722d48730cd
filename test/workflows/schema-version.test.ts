// Several processes that open a new database at the same moment: the first brings it up to date, the others wait for it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Pool } from 'pg'
import { migrateSchema } from '../../src/workflows/schema-version.ts'
import { openSharedDatabase } from '../support/shared-database.ts'

test('processes that open a new database at the same moment all get through', { timeout: 60_000 }, async (t) => {
  const { url, query } = await openSharedDatabase(t)
  const pools = Array.from({ length: 4 }, () => new Pool({ connectionString: url, max: 2 }))
  try {
    await Promise.all(pools.map(async (pool) => await migrateSchema(pool, url)))
  } finally {
    for (const pool of pools) await pool.end()
  }
  const [row] = await query<{ version: string }>('select max(version) as version from dbos.dbos_migrations')
  assert.ok(Number(row?.version) > 0)
})
