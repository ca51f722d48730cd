// Fail-overs out of the journal: which there were, who wanted them, and when each of their points came.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { failoversOf, failoverSteps, pointsOf } from '../../src/core/failovers.ts'
import { isoOf } from '../../src/core/instant.ts'
import { recordStates, type JournalRecord } from '../../src/core/records.ts'

type Told = Parameters<typeof failoversOf>[0][number]

const told = (seconds: number, step: string, state: JournalRecord['state'], details: Record<string, unknown> = {}, move = 'web-1'): Told => ({
  seq: seconds,
  at: isoOf(seconds * 1000),
  move,
  step,
  state,
  details,
})
const policy = { id: 'failover-1', trigger: 'policy' }

describe('fail-overs as the journal tells them', () => {
  it('one is at work from its decision until it is committed, undone, or over with its run', () => {
    const begun = [told(1, 'decide-failover', 'started'), told(2, 'decide-failover', 'done', policy)]
    assert.deepEqual(failoversOf(begun), [{ id: 'failover-1', move: 'web-1', startedAt: 1000, endedAt: null, by: 'policy' }])
    for (const end of [told(9, 'commit-switch', 'done'), told(9, 'attempt', 'undone'), told(9, 'move', 'failed')])
      assert.equal(failoversOf([...begun, end])[0]?.endedAt, 9000)
    for (const other of [told(9, 'commit-switch', 'started'), told(9, 'move', 'started'), told(9, 'commit-switch', 'done', {}, 'web-2')])
      assert.equal(failoversOf([...begun, other])[0]?.endedAt, null)
  })

  it('one that its guards refused was none, and one by hand is nobody else’s', () => {
    assert.deepEqual(failoversOf([told(1, 'decide-failover', 'started'), told(2, 'decide-failover', 'done', { ...policy, refused: 'The policy is off.' })]), [])
    assert.equal(failoversOf([told(1, 'decide-failover', 'done', { by: 'failover', who: 'ops' })])[0]?.by, 'approval')
  })

  it('of each move one at most is at work, and none ends before it begins', () => {
    const step = fc.constantFrom(...failoverSteps)
    const some = fc.array(fc.tuple(step, fc.constantFrom(...recordStates), fc.constantFrom('web-1', 'web-2'), fc.constantFrom({}, policy)), { maxLength: 60 })
    fc.assert(
      fc.property(some, (steps) => {
        const found = failoversOf(steps.map(([name, state, move, details], nth) => told(nth, name, state, details, move)))
        for (const move of ['web-1', 'web-2']) assert.ok(found.filter((each) => each.move === move && each.endedAt === null).length <= 1)
        for (const { startedAt, endedAt } of found) assert.ok(endedAt === null || endedAt >= startedAt)
      }),
    )
  })

  it('its clock points are the times of what was done, the last fence before the commit, and the first round in which all was well', () => {
    const story = [
      told(1, 'decide-failover', 'done', policy),
      told(5, 'confirm-fence', 'done'),
      told(8, 'commit-switch', 'done'),
      told(9, 'confirm-fence', 'done'),
      told(10, 'switch-dns', 'done'),
      told(11, 'watch-target', 'progress', { red: 1, cached: { asked: 3, stale: 3 } }),
      told(12, 'watch-target', 'progress', { red: 0, cached: { asked: 3, stale: 1 } }),
      told(13, 'watch-target', 'progress', { red: 0, cached: { asked: 3, stale: 0 } }),
      told(20, 'await-finish', 'done'),
    ]
    const at = Object.fromEntries(Object.entries(pointsOf(story)).map(([point, time]) => [point, Number(time?.slice(17, 19))]))
    assert.deepEqual(at, { T3: 1, T4: 5, T5: 8, T6: 10, T7: 13, T8: 12, T9: 20 })
    assert.deepEqual(pointsOf(story.slice(1)), {})
    assert.deepEqual(Object.keys(pointsOf(story.slice(0, 2))), ['T3', 'T4'])
  })
})
