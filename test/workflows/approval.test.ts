import assert from 'node:assert/strict'
import test from 'node:test'
import { ranOut } from '../../src/workflows/steps/approval.ts'

const hour = 3_600_000
const monday = Date.parse('2026-03-09T10:00:00.000Z')
const at = new Date(monday).toISOString()

test('an approval counts for a day from when it was given', () => {
  assert.equal(ranOut({ at }, monday + 24 * hour), null)
  assert.equal(ranOut({ at }, monday + 24 * hour + 1), `The approval of ${at} was not used within 24 h and counts no more.`)
})

test('one that waits for a window of Saturday counts for a day from then', () => {
  const opensAt = new Date(monday + 130 * hour).toISOString()
  assert.equal(ranOut({ at, opensAt }, monday + 154 * hour), null)
  assert.notEqual(ranOut({ at, opensAt }, monday + 155 * hour), null)
  assert.notEqual(ranOut({ at, opensAt: at }, monday + 25 * hour), null)
})

test('what --yes said beforehand has no time, and does not run out', () => {
  assert.equal(ranOut({ by: '--yes', opensAt: at }, monday + 1000 * hour), null)
})
