// What is usual: a sketch instead of a week of samples.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { deviation, learn, noBaseline, shareAbove, summaryOf, type Baseline } from '../../src/core/baseline.ts'
import { gradeOf } from '../../src/core/judge-grade.ts'
import { isoOf, msOf } from '../../src/core/instant.ts'

const day = 86_400_000
const latency = fc.double({ min: 0.1, max: 60_000, noNaN: true })
const learned = (samples: readonly number[], at = 0): Baseline => samples.reduce((known, ms) => learn(known, ms, at), noBaseline)

describe('the baseline of a rung', () => {
  it('has the median and the MAD of ln latency within two buckets, in any order', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), (samples) => {
        const middle = (values: number[]): number => values.sort((a, b) => a - b)[Math.ceil(values.length / 2) - 1] ?? 0
        const logs = samples.map((ms) => Math.log(ms))
        const median = middle([...logs])
        const mad = middle(logs.map((each) => Math.abs(each - median)))
        const summary = summaryOf(learned(samples))
        assert.ok(summary !== null)
        assert.ok(Math.abs(summary.median - median) <= 0.0201, `${summary.median} and ${median}`)
        assert.ok(Math.abs(summary.mad - mad) <= 0.0401, `${summary.mad} and ${mad}`)
        assert.deepEqual(learned([...samples].reverse()), learned(samples))
      }),
    )
  })

  it('tells how rare a latency is, within a bucket', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 100 }), latency, (samples, ms) => {
        const share = shareAbove(learned(samples), ms) ?? -1
        assert.ok(share >= samples.filter((each) => each > ms * 1.021).length / samples.length)
        assert.ok(share <= samples.filter((each) => each > ms / 1.021).length / samples.length)
      }),
    )
    assert.equal(shareAbove(noBaseline, 1), null)
  })

  it('lets a latency be slow that is beyond all that was learned, though it scatters so much that six spreads are beyond every deadline', () => {
    const scattered = learned(Array.from({ length: 200 }, (_, nth) => 1.03 ** nth))
    const echo = {
      kind: 'sample',
      at: '2026-01-01T00:00:00.000Z',
      observer: 'here',
      target: 'web-1',
      role: 'node',
      rung: 'echo',
      connection: 'kept',
      text: '',
    } as const
    assert.ok((deviation(scattered, 1500) ?? 9) < 6)
    assert.equal(gradeOf({ ...echo, ms: 1500, outcome: 'ok' }, scattered), 'slow')
    assert.equal(
      gradeOf({ ...echo, ms: 1500, outcome: 'ok' }, learned([...Array.from({ length: 195 }, () => 5), ...Array.from({ length: 5 }, () => 1600)])),
      'slow',
    )
    assert.equal(gradeOf({ ...echo, ms: 1500, outcome: 'ok' }, learned(Array.from({ length: 200 }, (_, nth) => 1.045 ** nth))), 'ok')
  })

  it('forgets what is a week old, and nothing younger, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 60 }), (days) => {
        const known = days.reduce((baseline, nth) => learn(baseline, 10 + nth, nth * day), noBaseline)
        const newest = Math.max(...days)
        // A day that came late is not taken in any more; one that came in time may have been forgotten since.
        const seen = days.filter((nth, at) => nth > Math.max(...days.slice(0, at + 1)) - 7 && nth > newest - 7)
        assert.equal(known.count, seen.length)
        assert.deepEqual(
          known.days.map((each) => each.day),
          [...new Set(seen)].sort((a, b) => a - b),
        )
      }),
    )
  })

  it('stays small: a week of one try in five seconds, of latencies over three orders of magnitude, is some hundred counters a day', () => {
    let known = noBaseline
    for (let nth = 0; nth < 50_000; nth++) known = learn(known, 2 * 1000 ** ((Math.imul(nth, 2_654_435_761) >>> 0) / 2 ** 32), nth * 12_096)
    assert.equal(known.days.length, 7)
    assert.ok(known.days.every(({ counts }) => Object.keys(counts).length < 350))
    assert.equal(known.count, 50_000)
  })

  it('says how unusual a latency is: what was measured in a gray fault is far off', () => {
    const echo = learned([4, 5, 5, 6, 5, 4, 7, 5, 5, 6])
    assert.ok((deviation(echo, 1479) ?? 0) > 6)
    assert.ok((deviation(echo, 9) ?? 0) < 6)
    assert.equal(deviation(noBaseline, 5), null)
  })
})

it('a time of a record is the number that the calendar says', () => {
  const times = fc.date({ min: new Date('1970-01-01'), max: new Date('2399-12-31'), noInvalidDate: true })
  fc.assert(fc.property(times, (time) => assert.equal(msOf(time.toISOString()), time.getTime())))
  fc.assert(fc.property(times, (time) => assert.equal(isoOf(time.getTime()), time.toISOString())))
  for (const day of ['1970-01-01', '1999-12-31', '2000-02-29', '2000-03-01', '2100-02-28', '2100-03-01', '2399-12-31'])
    assert.equal(isoOf(Date.parse(day)), `${day}T00:00:00.000Z`)
})
