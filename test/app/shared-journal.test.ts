// Two processes on one journal: whoever listens at one of them hears what the other one writes.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Pool } from 'pg'
import { sharedJournal } from '../../src/app/shared-journal.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { openJournal } from '../../src/workflows/journal.ts'
import { createTables } from '../../src/workflows/store.ts'
import { openSharedDatabase } from '../support/shared-database.ts'

test('records of all processes are heard in their order, each once, a moment after they were written', async (t) => {
  const database = await openSharedDatabase(t)
  const pools = [1, 2].map(() => new Pool({ connectionString: database.url, max: 3 }))
  for (const pool of pools) {
    pool.on('error', () => undefined)
    t.after(async () => await pool.end())
  }
  const [here, there] = pools as [Pool, Pool]
  await createTables(here)
  const [mine, theirs] = [openJournal(here), openJournal(there)]
  const write = async (journal: typeof mine, move: string, n: number) =>
    await journal.append({ move, run: 1, step: 'first-sync', state: 'progress', text: String(n) })

  const heard: number[] = []
  const stop = sharedJournal(mine, here).listen((record) => void heard.push(record.seq))
  const written: number[] = []
  await Promise.all(
    ['a', 'b', 'c'].map(async (move, index) => {
      for (let n = 0; n < 20; n++) written.push((await write(index === 0 ? mine : theirs, move, n)).seq)
    }),
  )
  const all = async () => await Promise.resolve(heard.length >= written.length ? true : null)
  await waitUntil(all, { what: 'The last record', deadlineMs: 10_000, everyMs: 50, signal: AbortSignal.timeout(15_000) })
  assert.deepEqual(
    heard,
    written.toSorted((one, other) => one - other),
  )
  stop()
})
