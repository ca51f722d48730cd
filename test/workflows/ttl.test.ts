// How long caches are waited for, on a clock that somebody may set.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { cachedForMs } from '../../src/workflows/steps/names.ts'

const loweredAt = '2026-03-01T12:00:00.000Z'
const lowered = Date.parse(loweredAt)

test('1.2 times the old time to live, since it was lowered', () => {
  assert.equal(cachedForMs(loweredAt, 300, lowered), 360_000)
  assert.equal(cachedForMs(loweredAt, 300, lowered + 60_000), 300_000)
  assert.ok(cachedForMs(loweredAt, 300, lowered + 361_000) < 0)
})

test('never longer than that, whatever the clock says', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 86_400 }), fc.integer({ min: -1e9, max: 1e9 }), (ttl, ms) => {
      assert.ok(cachedForMs(loweredAt, ttl, lowered + ms) <= 1200 * ttl + 1)
    }),
  )
})
