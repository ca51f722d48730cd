// The journal in a real PostgreSQL: what it links is what the database gives back, whoever writes at the same time.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { Pool } from 'pg'
import { chainOf } from '../../src/core/chain.ts'
import { openJournal, type Journal } from '../../src/workflows/journal.ts'
import { createTables } from '../../src/workflows/store.ts'
import { ownStore } from '../support/own-store.ts'

const { pool, url } = ownStore('journal')
let opened: Journal | null = null
const journal = (): Journal => (opened ??= openJournal(pool()))

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const chain = async (move: string) => chainOf(await journal().after(0, { move, limit: 10_000 }), sha256)
const entry = (move: string, text: string, details: Readonly<Record<string, unknown>> = {}) => ({
  move,
  run: 1,
  step: 'first-sync',
  state: 'progress' as const,
  text,
  details,
})

test('a record is answered as the database gives it back, and links to the one before it of its move', async () => {
  const [first, other, second] = [
    await journal().append(entry('web-1', 'one')),
    await journal().append(entry('db-1', 'one')),
    await journal().append(entry('web-1', 'two')),
  ]
  assert.deepEqual(await journal().after(first.seq - 1), [first, other, second])
  assert.match(second.hash ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(await chain('web-1'), { records: 2, unlinked: 0, head: { seq: second.seq, hash: second.hash }, broken: null })
  assert.equal((await chain('db-1')).broken, null)
})

test('details and texts of any kind are linked as they come back', async () => {
  const odd = [
    1e21,
    -0,
    5e-324,
    1.7976931348623157e308,
    0.1,
    2 ** 53,
    Number.NaN,
    undefined,
    new Date(0),
    'ſ ß 😀 \ud800 \0 \\u0000 "',
    { b: 1, a: { z: undefined, y: [undefined, null] } },
  ]
  for (const value of odd)
    await journal().append(entry('odd', 'NUL \0', { value, 'k\0': value, ä: value, aaa: value, toJSON: 'no function', ['__proto__']: value }))
  const any = fc.object({ maxDepth: 3, withDate: true, withNullPrototype: true, stringUnit: 'binary' })
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), any, async (text, details) => void (await journal().append(entry('odd', text, details)))),
    { numRuns: 200 },
  )
  const { records, broken } = await chain('odd')
  assert.deepEqual([records, broken], [odd.length + 200, null])
})

test('many that write for one move at once make one chain, in the order of its numbers', async () => {
  const pools = [1, 2, 3].map(() => new Pool({ connectionString: url(), max: 8 }))
  const writers = pools.map(openJournal)
  await Promise.all(Array.from({ length: 240 }, async (_, index) => await writers[index % 3]?.append(entry('busy', `record ${index}`))))
  const { records, broken, head } = await chain('busy')
  assert.deepEqual([records, broken, head?.seq], [240, null, (await journal().latest('busy'))?.seq])
  await Promise.all(pools.map(async (each) => await each.end()))
})

test('what is changed in the database is found', async () => {
  for (const text of ['one', 'two', 'three', 'four']) await journal().append(entry('forged', text, { text }))
  const [, second, third] = await journal().after(0, { move: 'forged' })
  await pool().query(`update lifeboat.journal set details = '{"text": "2"}' where seq = $1`, [second?.seq])
  assert.equal((await chain('forged')).broken?.seq, second?.seq)
  await pool().query(`update lifeboat.journal set details = '{"text": "two"}' where seq = $1`, [second?.seq])
  assert.equal((await chain('forged')).broken, null)
  await pool().query('delete from lifeboat.journal where seq = $1', [second?.seq])
  assert.equal((await chain('forged')).broken?.seq, third?.seq)
})

test('a journal of an older version goes on: its records have no hash, and the chain begins after them', async () => {
  await pool().query('drop function lifeboat.append_record; alter table lifeboat.journal drop column hash')
  await pool().query(`insert into lifeboat.journal (move, run, step, state, text) values ('old', 1, 'move', 'started', 'Migration begins.')`)
  await createTables(pool())
  await createTables(pool())
  const added = await journal().append(entry('old', 'on'))
  assert.equal((await journal().after(0, { move: 'old' }))[0]?.hash, null)
  assert.deepEqual(await chain('old'), { records: 2, unlinked: 1, head: { seq: added.seq, hash: added.hash }, broken: null })
})
