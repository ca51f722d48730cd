// Whose turn it is to hold clients, in a real PostgreSQL that many ask at once.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { Pool } from 'pg'
import { placesOf } from '../../src/controller/places.ts'
import { startPostgres, type Database } from '../../src/controller/postgres.ts'
import { createTables, openStore, type Store } from '../../src/workflows/store.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-turns-'))
let database: Database
let pool: Pool
let store: Store

before(async () => {
  database = await startPostgres(placesOf(folder), AbortSignal.timeout(30_000))
  pool = new Pool({ connectionString: database.url, max: 10 })
  await createTables(pool)
  store = openStore(pool)
})

after(async () => {
  await pool.end()
  await database.stop()
  rmSync(folder, { recursive: true, force: true })
})

const longMs = 60_000

test('of many that ask at once one has the turn of a source, and keeps it until it leaves', async () => {
  const moves = Array.from({ length: 8 }, (_, index) => `web-${index}`)
  const askAll = async () => await Promise.all(moves.map(async (move) => ({ move, ...(await store.takeTurn('old', move, longMs)) })))
  const first = (await askAll()).filter((turn) => turn.isMine)
  assert.equal(first.length, 1)
  const again = await askAll()
  assert.deepEqual(
    again.filter((turn) => turn.isMine).map((turn) => turn.move),
    first.map((turn) => turn.move),
  )
  assert.deepEqual(new Set(again.map((turn) => turn.holder)), new Set(first.map((turn) => turn.move)))
  assert.equal((await store.takeTurn('elsewhere', 'db-1', longMs)).isMine, true, 'another source has a turn of its own')
  assert.equal(await store.turnOf('old'), first[0]?.move)
  await store.leaveTurn(first[0]?.move ?? '')
  assert.equal(await store.turnOf('old'), null)
  assert.equal((await askAll()).filter((turn) => turn.isMine).length, 1)
})

test('a turn runs out, so that a move whose controller is gone stops nobody', async () => {
  assert.equal((await store.takeTurn('slow', 'gone', 0)).isMine, true)
  assert.equal(await store.turnOf('slow'), null)
  assert.deepEqual(await store.takeTurn('slow', 'next', longMs), { isMine: true, holder: 'next' })
  assert.deepEqual(await store.takeTurn('slow', 'gone', longMs), { isMine: false, holder: 'next' })
})
