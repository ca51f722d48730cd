// What the targets with a list of sizes and marks of their own share.
import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import { costOf } from '../../src/core/plan-cost.ts'
import { chooseSize } from '../../src/core/sizing.ts'
import { imageOf } from '../../src/providers/image-names.ts'
import { labelOf, nameOf } from '../../src/providers/ownership.ts'
import { catalogOf, pricesField, sizesField, type SizeList } from '../../src/providers/size-list.ts'

const list: SizeList = {
  kind: 'shop',
  takenAt: '2026-01-01',
  origin: 'a list',
  currency: 'USD',
  volumePerGiB: 0.1,
  address: 'included',
  smallestVolumeGiB: 10,
  maxNics: 2,
  maxVolumes: 7,
  sizes: [{ name: 'small', cpus: 2, memoryMiB: 4096, architecture: 'x86_64', shared: true, monthly: 24 }],
}

describe('a list of sizes', () => {
  it('is the catalogue, and vCPU that are shared count as burstable', () => {
    const { sizes, takenAt, origin } = catalogOf(list, {})
    assert.deepEqual([takenAt, origin, sizes[0]?.burstable, sizes[0]?.monthlyPrice], ['2026-01-01', 'a list', true, { amount: 24, currency: 'USD' }])
  })
  it('gets sizes and prices from the configuration, with their day and source', () => {
    const given = {
      sizes: sizesField.parse({ large: { cpus: 8, memoryMiB: 32_768 } }),
      prices: pricesField.parse({ asOf: '2026-11-01', currency: 'USD', sizes: { large: 90, small: 25 } }),
    }
    const { sizes, takenAt, origin, volumePrice } = catalogOf(list, given)
    assert.deepEqual(
      sizes.map(({ name, monthlyPrice }) => [name, monthlyPrice?.amount]),
      [
        ['small', 25],
        ['large', 90],
      ],
    )
    assert.deepEqual([takenAt, origin, volumePrice?.amount], ['2026-11-01', 'a list; sizes: of lifeboat.yaml; prices: of lifeboat.yaml', 0.1])
  })
  it('does not mix its prices with those of another currency', () => {
    const catalog = catalogOf(list, { prices: pricesField.parse({ asOf: '2026-11-01', currency: 'EUR', address: 0.5 }) })
    assert.deepEqual([catalog.sizes[0]?.monthlyPrice, catalog.volumePrice], [null, null])
  })
  it('prices the smallest volume that there is, an address that is included at nothing, and no volume for a move without one', () => {
    const catalog = catalogOf(list, {})
    const [small = assert.fail()] = catalog.sizes
    assert.deepEqual(costOf(small, 4, catalog), { amount: 25, currency: 'USD' })
    assert.deepEqual(costOf(small, 40, catalog), { amount: 28, currency: 'USD' })
    assert.deepEqual(costOf(small, 0, { ...catalog, volumePrice: null }), { amount: 24, currency: 'USD' })
    assert.equal(costOf(small, 4, { ...catalog, volumePrice: null }), null)
    assert.equal(costOf(small, 4, { ...catalog, addressPrice: null }), null)
  })
})

test('a flavor called m1.small is no family of sizes', () => {
  const flavor = { cpus: 2, memoryMiB: 16_384, architecture: 'x86_64', shared: false, monthly: null } as const
  const catalog = catalogOf(
    {
      ...list,
      sizes: [
        { ...flavor, name: 'm1.small' },
        { ...flavor, name: 'large' },
      ],
    },
    {},
  )
  const { reasons } = chooseSize('auto', { cpus: 2, memoryMiB: 16_384, nics: 1, disks: 1, firmware: null }, catalog)
  assert.doesNotMatch(reasons.join('; '), /family/)
})

test('a label is always one, the same for the same text, another for another', () => {
  const label = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/
  const text = fc.oneof(fc.string({ maxLength: 90, unit: 'binary' }), fc.stringMatching(/^[a-z][a-z0-9-]{0,90}$/))
  fc.assert(
    fc.property(text, text, (one, other) => {
      assert.match(labelOf(one), label)
      assert.equal(labelOf(one) === labelOf(other), one === other)
      if (label.test(one)) assert.equal(labelOf(one), one)
    }),
  )
  assert.equal(nameOf({ project: 'shop' }, 'web-1'), 'lifeboat-shop-web-1')
  assert.match(nameOf({ project: 'p'.repeat(31) }, 'm'.repeat(31)), label)
})

test('an image is an id as it is, a configured or a known name, or refused with those that are known', () => {
  const known = { 'debian-12': 'debian-12-x64' }
  assert.equal(imageOf('shop', '4711', known, {}, /^\d+$/), '4711')
  assert.equal(imageOf('shop', 'debian-12', known, {}, /^\d+$/), 'debian-12-x64')
  assert.equal(imageOf('shop', 'debian-12', known, { 'debian-12': 'ours' }, /^\d+$/), 'ours')
  assert.throws(() => imageOf('shop', 'debian-7', known, { golden: '1' }, /^\d+$/), { code: 'config-invalid', message: /debian-12, golden/ })
})
