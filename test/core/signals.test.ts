// What deliveries of monitoring count for: late, twice, in any order.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { lookAt } from '../../src/core/signals/dead-man.ts'
import { afterChange, flappingAt, flapWindowMs, steady, type Flapping } from '../../src/core/signals/flapping.ts'
import { maxEvidenceAgeMs, standing, weigh, type Instance } from '../../src/core/signals/told.ts'

const instance = fc.record(
  { state: fc.constantFrom<Instance['state']>('firing', 'resolved'), occurredAt: fc.integer({ min: 0, max: 20 }) },
  { noNullPrototype: true },
)
const fresh = { receivedAt: 1000, occurredAt: 1000, isRepeated: false, before: undefined, isFlapping: false }

test('in whatever order and however often deliveries come, an instance stands in the end as the last that happened says', () => {
  fc.assert(
    fc.property(
      fc
        .array(instance, { minLength: 1 })
        .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2, maxLength: all.length * 2 }))),
      ([all, mixed]) => {
        const end = (some: readonly Instance[]) => some.reduce<Instance | undefined>(standing, undefined)
        assert.deepEqual(end(mixed), end(all))
        assert.equal(end(mixed)?.occurredAt, Math.max(...all.map(({ occurredAt }) => occurredAt)))
      },
    ),
  )
})

test('only a fresh beginning or end that is news is a vote', () => {
  assert.deepEqual(weigh('firing', fresh), { weight: 1 })
  assert.deepEqual(weigh('resolved', { ...fresh, before: { state: 'firing', occurredAt: 900 } }), { weight: 1 })
  assert.deepEqual(weigh('firing', { ...fresh, receivedAt: 1000 + maxEvidenceAgeMs }), { weight: 1 })
  const nothing = [
    weigh('firing', { ...fresh, isRepeated: true }),
    weigh('firing', { ...fresh, receivedAt: 1001 + maxEvidenceAgeMs }),
    weigh('firing', { ...fresh, occurredAt: 301_001 }),
    weigh('firing', { ...fresh, before: { state: 'firing', occurredAt: 900 } }),
    weigh('firing', { ...fresh, before: { state: 'resolved', occurredAt: 1100 } }),
    weigh('firing', { ...fresh, before: { state: 'resolved', occurredAt: 1000 } }),
    weigh('firing', { ...fresh, isFlapping: true }),
    weigh('ack', fresh),
    weigh('blind', fresh),
    weigh('info', fresh),
  ]
  for (const [nth, verdict] of nothing.entries()) assert.ok(verdict.weight === 0 && verdict.dropReason !== '', String(nth))
})

test('an old delivery counts for nothing, whatever else is so', () => {
  fc.assert(
    fc.property(fc.integer({ min: maxEvidenceAgeMs + 1, max: 1e12 }), fc.option(instance, { nil: undefined }), fc.boolean(), (age, before, isFlapping) => {
      assert.equal(weigh('firing', { receivedAt: age, occurredAt: 0, isRepeated: false, before, isFlapping }).weight, 0)
    }),
  )
})

/** Changes at these times, one after the other. */
const changed = (times: readonly number[]) => times.reduce<Flapping>(afterChange, steady)

test('an outage that comes back once is none of an alarm that flaps; one that comes and goes within the hour is', () => {
  assert.equal(changed([0, 60_000, 120_000]).isFlapping, false)
  assert.equal(changed([0, 60_000, 120_000, 180_000, 240_000]).isFlapping, true)
  assert.equal(changed([0, 1, 2, 3, 4].map((nth) => nth * flapWindowMs)).isFlapping, false)
})

test('what flaps stays so between the two limits, and ends when it was quiet for the whole window', () => {
  const time = fc.integer({ min: 0, max: 3 * flapWindowMs })
  fc.assert(
    fc.property(fc.array(time, { maxLength: 60 }), time, (times, later) => {
      const after = changed(times.toSorted((a, b) => a - b))
      const last = Math.max(0, ...times)
      assert.equal(flappingAt(after, last + flapWindowMs + later).isFlapping, false)
      assert.ok(after.changes.length <= 20)
      // Without a change it can only end.
      const soon = flappingAt(after, last + Math.min(later, 60_000))
      assert.ok(after.isFlapping || !soon.isFlapping)
    }),
  )
  const flapping = changed([0, 1, 2, 3, 4])
  const quiet = { ...flappingAt(flapping, flapWindowMs * 0.95) }
  assert.deepEqual([quiet.isFlapping, flappingAt({ ...quiet, isFlapping: false }, flapWindowMs * 0.95).isFlapping], [true, false])
})

test('monitoring is blind once its watchdog stays away for longer than it may, and that is told once', () => {
  const seen = { seenAt: 1000, isBlind: false }
  assert.deepEqual(lookAt(seen, 500, 1500), { now: seen, told: null })
  const blind = lookAt(seen, 500, 1501)
  assert.deepEqual(blind, { now: { seenAt: 1000, isBlind: true }, told: 'blind' })
  assert.equal(lookAt(blind.now, 500, 9000).told, null)
  assert.deepEqual(lookAt({ ...blind.now, seenAt: 9000 }, 500, 9001), { now: { seenAt: 9000, isBlind: false }, told: 'seen-again' })
})
