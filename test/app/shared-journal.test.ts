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

test('hundreds who listen ask the database no more often than one does, and each hears all from when it came', async (t) => {
  const database = await openSharedDatabase(t)
  const pool = new Pool({ connectionString: database.url, max: 3 })
  pool.on('error', () => undefined)
  t.after(async () => await pool.end())
  await createTables(pool)
  const journal = openJournal(pool)
  let asked = 0
  const counting = new Proxy(pool, {
    get: (of, name) => {
      if (name === 'query') asked += 1
      const value: unknown = Reflect.get(of, name)
      return typeof value === 'function' ? (value.bind(of) as unknown) : value
    },
  })
  const shared = sharedJournal(journal, counting)
  const heard = Array.from({ length: 200 }, (): number[] => [])
  const stops = heard.map((seqs) => shared.listen(({ seq }) => void seqs.push(seq)))
  const write = async (text: string) => (await journal.append({ move: 'a', run: 1, step: 'first-sync', state: 'progress', text })).seq
  const until = async (seqs: readonly number[], seq: number) => {
    const isHeard = async () => await Promise.resolve(seqs.includes(seq) ? true : null)
    await waitUntil(isHeard, { what: `Record ${seq}`, deadlineMs: 20_000, everyMs: 20, signal: AbortSignal.timeout(30_000) })
  }
  const first = await write('one')
  for (const seqs of heard) await until(seqs, first)
  // One look in a quarter of a second.
  assert.ok(asked < 200, String(asked))
  stops.slice(1).forEach((stop) => stop())
  const second = await write('two')
  await until(heard[0] ?? [], second)
  assert.deepEqual(
    heard.slice(1),
    heard.slice(1).map(() => [first]),
  )
  stops[0]?.()
  const again: number[] = []
  const stop = shared.listen(({ seq }) => void again.push(seq))
  await until(again, await write('three'))
  stop()
})
