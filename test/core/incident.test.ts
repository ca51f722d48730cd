// An incident begins with the first suspicion of what was confirmed, and ends where all is well again.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { closedAt, openIncident, suspectedSince } from '../../src/core/incident.ts'
import type { Judged } from '../../src/core/judged.ts'

const judged = (at: number, standing: Judged['standing'], since = at): Judged => ({
  at,
  side: 'source',
  standing,
  since,
  silentSince: null,
  verdict: 'gray',
  layer: null,
  down: 2,
  voters: 3,
  monitorFires: false,
  staleMs: 40_000,
  votes: [],
  settings: { mode: 'observe', quorum: 2, observers: 3, largestGroup: 1, maxLagMs: 1, blockPeriodMs: 1, maxConcurrent: 1, maxPerHour: 1, drillWithinMs: 1 },
})

describe('incidents', () => {
  it('what was suspected first counts from then; a moment without evidence forgets nothing, health does', () => {
    const since = (standings: readonly Judged['standing'][]) =>
      standings.reduce<number | null>((before, standing, nth) => suspectedSince(before, judged(nth, standing)), null)
    assert.equal(since(['healthy', 'suspected', 'unknown', 'agreed', 'confirmed']), 1)
    assert.equal(since(['suspected', 'healthy', 'suspected']), 2)
    assert.equal(since(['suspected', 'healthy']), null)
  })

  it('only what is confirmed is one, named by its move and its beginning', () => {
    assert.equal(openIncident('web-1', 'old', 0, judged(60_000, 'agreed')), null)
    assert.deepEqual(openIncident('web-1', 'old', 1000, judged(61_000, 'confirmed')), {
      id: 'web-1-19700101T000001Z',
      move: 'web-1',
      side: 'source',
      provider: 'old',
      suspectedAt: '1970-01-01T00:00:01.000Z',
      confirmedAt: '1970-01-01T00:01:01.000Z',
      closedAt: null,
      decision: null,
    })
  })

  it('it is over once the node has been well for the hold, since then; or where its work was moved to', () => {
    assert.equal(closedAt(judged(29_999, 'healthy', 0), 30_000, null), null)
    assert.equal(closedAt(judged(30_000, 'healthy', 0), 30_000, null), '1970-01-01T00:00:00.000Z')
    assert.equal(closedAt(judged(90_000, 'confirmed', 0), 30_000, null), null)
    assert.equal(closedAt(judged(90_000, 'confirmed', 0), 30_000, '1970-01-01T00:01:00.000Z'), '1970-01-01T00:01:00.000Z')
  })
})
