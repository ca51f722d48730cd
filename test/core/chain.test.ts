// The hash chain of a move's journal: whatever somebody does to its records is found, and nothing else is.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { chainOf, linkedText, storable, type Entry } from '../../src/core/chain.ts'
import { recordStates, type JournalRecord } from '../../src/core/records.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const entry: fc.Arbitrary<Entry> = fc.record({
  move: fc.constant('web-1'),
  run: fc.integer({ min: 0, max: 3 }),
  step: fc.constantFrom('first-sync', 'switch-dns', 'move'),
  state: fc.constantFrom(...recordStates),
  text: fc.string({ unit: 'binary' }),
  details: fc.dictionary(fc.string(), fc.jsonValue()),
})
const journal = fc.array(entry, { minLength: 1, maxLength: 12 }).map(linked)

/** As the database writes them: numbers with gaps, as moves share one sequence. */
function linked(entries: readonly Entry[]): JournalRecord[] {
  let before: string | null = null
  return entries.map((each, index) => {
    const at = new Date(1_790_000_000_000 + index * 1500).toISOString()
    const bare: JournalRecord = { schema: 'lifeboat.journal/1', seq: 3 * index + 1, at, ...storable(each), hash: null }
    before = sha256(linkedText(before, bare))
    return { ...bare, hash: before }
  })
}

const citedIn = (records: readonly JournalRecord[]) => records.map(({ seq, hash }) => ({ seq, hash: hash ?? '' }))

test('a journal that nobody touched is whole, with its last hash as its head, and as it is cited', () => {
  fc.assert(
    fc.property(journal, (records) => {
      const last = records.at(-1)
      const chain = chainOf(records, sha256, citedIn(records))
      assert.deepEqual(chain, { records: records.length, unlinked: 0, head: { seq: last?.seq, hash: last?.hash }, broken: null })
    }),
  )
})

test('a change to any field of any record is found at that record', () => {
  const other = (state: JournalRecord['state']) => (state === 'done' ? 'failed' : 'done')
  const changes: Readonly<Record<string, (record: JournalRecord) => JournalRecord>> = {
    seq: (record) => ({ ...record, seq: record.seq + 1 }),
    at: (record) => ({ ...record, at: new Date(Date.parse(record.at) - 1).toISOString() }),
    move: (record) => ({ ...record, move: 'web-2' }),
    run: (record) => ({ ...record, run: record.run + 1 }),
    step: (record) => ({ ...record, step: `${record.step}-back` }),
    state: (record) => ({ ...record, state: other(record.state) }),
    text: (record) => ({ ...record, text: `${record.text}.` }),
    details: (record) => ({ ...record, details: { ...record.details, changed: true } }),
    hash: (record) => ({ ...record, hash: sha256(record.hash ?? '') }),
  }
  fc.assert(
    fc.property(journal, fc.nat(), fc.constantFrom(...Object.keys(changes)), (records, pick, field) => {
      const index = pick % records.length
      const changed = records.map((record, at) => (at === index ? (changes[field]?.(record) ?? record) : record))
      assert.equal(chainOf(changed, sha256).broken?.seq, changed[index]?.seq)
    }),
  )
})

test('a record that is dropped is found at the next one; the last one, and all of them, by whoever cites them', () => {
  fc.assert(
    fc.property(journal, fc.nat(), (records, pick) => {
      const index = pick % records.length
      const left = records.filter((_, at) => at !== index)
      assert.equal(chainOf(left, sha256).broken?.seq, left[index]?.seq)
      const found = chainOf(left, sha256, citedIn(records)).broken
      assert.deepEqual([found?.seq, found?.why, found?.at], [records[index]?.seq, 'is gone; a report has it', null])
      assert.equal(chainOf([], sha256, citedIn(records)).broken?.seq, records[0]?.seq)
    }),
  )
})

test('a record that is inserted is found, with a hash of its own or without one', () => {
  fc.assert(
    fc.property(journal, entry, fc.nat(), fc.boolean(), (records, extra, pick, hashed) => {
      const index = pick % records.length
      const after = records[index] as JournalRecord
      const bare: JournalRecord = { schema: 'lifeboat.journal/1', seq: after.seq + 1, at: after.at, ...storable(extra), hash: null }
      // Whoever computes a hash for it gets one that fits, and breaks the next record instead.
      const forged = { ...bare, hash: sha256(linkedText(after.hash, bare)) }
      const inserted = records.toSpliced(index + 1, 0, hashed ? forged : bare)
      assert.equal(chainOf(inserted, sha256).broken?.seq, (hashed ? inserted[index + 2] : bare)?.seq)
    }),
  )
})

test('two records that are swapped are found, also when they are numbered and dated anew', () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 2, maxLength: 8 }).map(linked), fc.nat(), fc.boolean(), (records, pick, renumbered) => {
      const index = pick % (records.length - 1)
      const [one, two] = [records[index] as JournalRecord, records[index + 1] as JournalRecord]
      const swapped = renumbered
        ? [
            { ...two, seq: one.seq, at: one.at },
            { ...one, seq: two.seq, at: two.at },
          ]
        : [two, one]
      assert.equal(chainOf(records.toSpliced(index, 2, ...swapped), sha256).broken?.seq, swapped[0]?.seq)
    }),
  )
})

test('a journal that was rewritten with fitting hashes passes alone, and not beside a report of before', () => {
  const [first, second] = [{ text: 'Approved.' }, { text: 'Nobody asked.' }].map(({ text }) =>
    linked([
      { move: 'web-1', run: 1, step: 'move', state: 'started', text: 'Migration begins.', details: {} },
      { move: 'web-1', run: 1, step: 'await-approval', state: 'done', text, details: {} },
    ]),
  )
  assert.ok(first && second)
  assert.equal(chainOf(second, sha256).broken, null)
  const { broken } = chainOf(second, sha256, citedIn(first))
  assert.deepEqual([broken?.seq, broken?.step, broken?.why], [4, 'await-approval', 'is not as a report has it'])
})

test('records of an older version come first and are counted; a hash that is taken away from a record is no such record', () => {
  const old = linked([{ move: 'web-1', run: 1, step: 'move', state: 'started', text: '', details: {} }]).map((record) => ({ ...record, seq: 0, hash: null }))
  const records = [...old, ...linked([1, 2, 3].map((run) => ({ move: 'web-1', run, step: 'move', state: 'done', text: '', details: {} })))]
  const chain = chainOf(records, sha256)
  assert.deepEqual([chain.records, chain.unlinked, chain.broken], [4, 1, null])
  assert.equal(chainOf(old, sha256).head, null)
  for (const index of [1, 2]) assert.notEqual(chainOf(records.with(index, { ...(records[index] as JournalRecord), hash: null }), sha256).broken, null)
})

test('an entry keeps what it says when it is made storable, but for what a database cannot hold', () => {
  fc.assert(
    fc.property(entry, (each) => {
      const once = storable(each)
      assert.deepEqual(storable(once), once)
      assert.doesNotMatch(JSON.stringify(once), /(?<!\\)(\\\\)*\\u(0000|d[89a-f])/)
      if (!/\\u0000|\\ud[89a-f]/.test(JSON.stringify(each))) assert.deepEqual(once, JSON.parse(JSON.stringify(each)))
    }),
  )
  const odd = {
    move: 'web-1',
    run: 1,
    step: 'move',
    state: 'done' as const,
    text: 'a\0b\\u0000\ud800',
    details: { 'k\0': [undefined, '\udfff', '😀'], gone: undefined },
  }
  assert.deepEqual(storable(odd), { ...odd, text: 'a\ufffdb\\u0000\ufffd', details: { 'k\ufffd': [null, '\ufffd', '😀'] } })
})
