import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTime } from '../../src/commands/time.ts'

describe('a time that a person names', () => {
  const now = new Date(2026, 10, 27, 21, 30).getTime()
  it('is today, tomorrow, that day here, or that day elsewhere', () => {
    assert.equal(parseTime('22:00', now), new Date(2026, 10, 27, 22).getTime())
    assert.equal(parseTime('22:00:07', now), new Date(2026, 10, 27, 22, 0, 7).getTime())
    assert.equal(parseTime('04:00', now), new Date(2026, 10, 28, 4).getTime())
    assert.equal(parseTime('2026-12-01 04:00', now), new Date(2026, 11, 1, 4).getTime())
    assert.equal(parseTime('2026-12-01T04:00Z', now), Date.parse('2026-12-01T04:00:00Z'))
    assert.equal(parseTime('2026-12-01T04:00+05:30', now), Date.parse('2026-11-30T22:30:00Z'))
  })

  it('is nothing else', () => {
    for (const text of ['', 'soon', '24:00', '22:60', '9:00', '22:00Z', '2026-02-31 10:00', '2026-13-01 10:00', '2026-12-01', '2026-12-01T04:00+5', '١٢:٠٠'])
      assert.equal(parseTime(text, now), null, text)
  })
})
