import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from '../../src/core/canonical.ts'
import { editDistance, nearest } from '../../src/core/nearest.ts'
import { Secret } from '../../src/core/secret.ts'
import { addMoney, formatBytes, formatDuration, formatMoney, multiplyMoney, parseDuration } from '../../src/core/units.ts'

describe('units for people', () => {
  it('reads durations in milliseconds, seconds, minutes, hours and days', () => {
    const read = ['250ms', '20s', '1.5h', '2m', '3d', '0s'].map(parseDuration)
    assert.deepEqual(read, [250, 20_000, 5_400_000, 120_000, 259_200_000, 0])
  })

  it('takes nothing else for a duration', () => {
    for (const text of ['', '20', '20 s', 's', '-1s', '1e3s', '1w', '1h30m', '20S', '\u0661s', '1s\n'])
      assert.equal(parseDuration(text), null, JSON.stringify(text))
  })

  it('writes durations with the two units that matter', () => {
    const shown = [0, 0.4, 640, 999, 999.6, 1000, 2440, 59_949, 59_960, 125_000, 3_599_600, 3_600_000, 86_399_999, 273_600_000, -640].map(formatDuration)
    const expected = ['0 ms', '0 ms', '640 ms', '999 ms', '1 s', '1 s', '2.4 s', '59.9 s', '1 min', '2 min 5 s', '1 h', '1 h', '1 d', '3 d 4 h', '-640 ms']
    assert.deepEqual(shown, expected)
  })

  it('never writes a unit that is full: no 60 s, no 60 min, no 24 h', () => {
    fc.assert(fc.property(fc.nat({ max: 10 * 86_400_000 }), (ms) => assert.doesNotMatch(formatDuration(ms), /\b(1000 ms|60(\.0)? s|60 min|24 h)\b/)))
  })

  it('writes bytes in binary units and never 1024 of one', () => {
    assert.deepEqual([0, 640, 1023, 1024, 1536, 1_048_575, 40 * 1024 ** 3, 2 ** 60].map(formatBytes), [
      '0 B',
      '640 B',
      '1023 B',
      '1 KiB',
      '1.5 KiB',
      '1 MiB',
      '40 GiB',
      '1024 PiB',
    ])
    fc.assert(fc.property(fc.nat({ max: 2 ** 50 }), (bytes) => assert.doesNotMatch(formatBytes(bytes), /^1024 /)))
  })

  it('adds money to the cent, and knows nothing when one part is unknown or in another currency', () => {
    const usd = (amount: number) => ({ amount, currency: 'USD' })
    assert.deepEqual(addMoney([usd(0.1), usd(0.2)]), usd(0.3))
    assert.equal(addMoney([usd(1), null]), null)
    assert.equal(addMoney([usd(1), { amount: 1, currency: 'EUR' }]), null)
    assert.equal(addMoney([]), null)
    assert.equal(multiplyMoney(null, 3), null)
    assert.equal(formatMoney(multiplyMoney(usd(0.1), 40)), '4.00 USD')
    assert.equal(formatMoney(null), 'unknown')
  })
})

describe('canonical JSON', () => {
  it('is the same for any order of keys, and reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        assert.equal(canonicalJson(turned(value)), text)
        assert.equal(JSON.stringify(sorted(JSON.parse(text))), JSON.stringify(sorted(JSON.parse(JSON.stringify(value)))))
      }),
    )
  })

  it('never shows a secret, leaves undefined out and refuses what JSON cannot hold', () => {
    assert.equal(canonicalJson({ b: new Secret('hunter2'), a: undefined }), '{"b":"[secret]"}')
    assert.throws(() => canonicalJson({ a: NaN }), TypeError)
    assert.throws(() => canonicalJson([() => 1]), TypeError)
  })
})

describe('the nearest names', () => {
  it('are found through a typing error, an exchange and another case', () => {
    assert.equal(editDistance('services', 'serivces'), 1)
    assert.equal(editDistance('', 'abc'), 3)
    assert.deepEqual(nearest('Web-1', ['db-1', 'web-2', 'web-1']), ['web-1', 'web-2', 'db-1'])
    assert.deepEqual(nearest('zzz', ['web-1', 'ports']), [])
  })

  it('count the same in both directions, and nothing for equal words', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        assert.equal(editDistance(a, b), editDistance(b, a))
        assert.equal(editDistance(a, b) === 0, a === b)
      }),
    )
  })
})

function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, turned(item)]),
  )
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, sorted(item)])
}
