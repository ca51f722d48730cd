// What a record of evidence may hold.
import assert from 'node:assert/strict'
import test from 'node:test'
import { evidenceSchema, type Evidence, type Statement } from '../../src/core/evidence.ts'

const sample: Evidence = {
  kind: 'sample',
  at: '2026-03-01T10:00:00.000Z',
  observer: 'paris',
  target: 'web-1',
  role: 'node',
  rung: 'echo',
  connection: 'kept',
  ms: 1503,
  outcome: 'ok',
  text: '',
}

const statement: Statement = {
  kind: 'statement',
  at: '2026-03-01T10:29:00.000Z',
  provider: 'old',
  incident: 'a1',
  status: 'investigating',
  impact: 'minor',
  title: 'Slow sessions',
  body: 'We are looking into it.',
  claimedAt: null,
  rawSha256: 'e3b0c442',
}

test('a record that was written to the log is read as it was; one with another key, time or rung is refused', () => {
  for (const each of [sample, statement]) assert.deepEqual(evidenceSchema.parse(JSON.parse(JSON.stringify(each))), each)
  for (const wrong of [{ more: 1 }, { at: '2026-03-01T10:00:00Z' }, { rung: 'traceroute' }, { ms: -1 }])
    assert.equal(evidenceSchema.safeParse({ ...sample, ...wrong }).success, false)
})
