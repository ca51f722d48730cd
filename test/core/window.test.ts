import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { describeWindow, lengthOf, opensAt, type Window } from '../../src/core/window.ts'

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
const at = (text: string): number => Date.parse(text)
const weekend: Window = { from: 'Sat 22:00', to: 'Sun 04:00', zone: 'Europe/Berlin' }
const nightly: Window = { from: '22:00', to: '04:00', zone: 'Asia/Kolkata' }

describe('a window for the switch', () => {
  it('is open from its beginning until there is no time left for the switch', () => {
    const needs = 20_000
    const cases = [
      ['2026-11-28T20:59:59Z', '2026-11-28T21:00:00Z'],
      ['2026-11-28T21:00:00Z', '2026-11-28T21:00:00Z'],
      ['2026-11-29T02:59:40Z', '2026-11-29T02:59:40Z'],
      ['2026-11-29T02:59:41Z', '2026-12-05T21:00:00Z'],
      ['2026-11-30T12:00:00Z', '2026-12-05T21:00:00Z'],
    ] as const
    for (const [now, opens] of cases) assert.equal(new Date(opensAt(weekend, at(now), needs)).toISOString(), new Date(opens).toISOString(), now)
  })

  it('comes back each day where no weekday is named, in its own zone', () => {
    assert.equal(opensAt(nightly, at('2026-06-01T16:00:00Z'), 0), at('2026-06-01T16:30:00Z'))
    assert.equal(opensAt(nightly, at('2026-06-01T18:00:00Z'), 0), at('2026-06-01T18:00:00Z'))
  })

  it('opens by the clock of its zone where that is changed meanwhile', () => {
    // Summer time ends in Berlin on 25 October 2026, and begins on 28 March 2027.
    const sunday: Window = { ...weekend, from: 'Sun 22:00', to: 'Sun 23:00' }
    assert.equal(opensAt(sunday, at('2026-10-24T12:00:00Z'), 0), at('2026-10-25T21:00:00Z'))
    assert.equal(opensAt(sunday, at('2027-03-27T12:00:00Z'), 0), at('2027-03-28T20:00:00Z'))
  })

  it('is told in words, with its length', () => {
    assert.equal(describeWindow(weekend), 'Sat 22:00 to Sun 04:00 Europe/Berlin')
    assert.deepEqual([lengthOf(weekend), lengthOf(nightly), lengthOf({ ...weekend, to: 'Fri 22:00' })], [6 * hour, 6 * hour, 6 * day])
  })

  it('is open when it was said to open, and at no time before', () => {
    const clock = fc.tuple(fc.nat({ max: 23 }), fc.nat({ max: 59 })).map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`)
    const weekday = fc.constantFrom('Mon ', 'Tue ', 'Wed ', 'Thu ', 'Fri ', 'Sat ', 'Sun ')
    const ends = fc.oneof(
      fc.tuple(clock, clock),
      fc.tuple(weekday, clock, weekday, clock).map(([a, b, c, d]) => [a + b, c + d] as const),
    )
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kolkata', 'Australia/Lord_Howe')
    const now = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2028-01-01T00:00:00Z') })
    fc.assert(
      fc.property(ends, zone, now, fc.integer({ min: 0, max: 99 }), ([from, to], where, moment, share) => {
        fc.pre(from !== to)
        const window: Window = { from, to, zone: where }
        const needs = Math.min(minute, lengthOf(window))
        const opens = opensAt(window, moment, needs)
        assert.ok(opens >= moment && opens - moment <= 7 * day + 2 * hour)
        const between = moment + Math.floor(((opens - moment) * share) / 100)
        // A clock that is put forward may leave a beginning out, and one that is put back has it twice: an hour at most.
        const slack = where === 'UTC' || where === 'Asia/Kolkata' ? 0 : hour
        assert.ok(opensAt(window, opens, needs) - opens <= slack, 'closed at its opening')
        if (between < opens - slack) assert.ok(opensAt(window, between, needs) > between, 'open before its opening')
      }),
    )
  })
})
