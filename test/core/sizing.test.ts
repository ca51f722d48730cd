import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Size } from '../../src/core/plan.ts'
import { chooseSize, type Need } from '../../src/core/sizing.ts'
import { casesOf, catalog, size } from './planning.ts'

const need: Need = { cpus: 2, memoryMiB: 4096, nics: 1, disks: 2, firmware: 'bios' }

describe('the choice of a size', () => {
  for (const { name, given, expect } of casesOf('sizing')) {
    it(name, () => {
      const catalogue = given['sizes'] ? catalog({ sizes: (given['sizes'] as { name: string }[]).map(size) }) : catalog()
      const prices = given['prices'] === false ? { ...catalogue, sizes: catalogue.sizes.map((one) => ({ ...one, monthlyPrice: null })) } : catalogue
      const answer = chooseSize((given['wish'] ?? 'auto') as string, { ...need, ...(given['need'] as Partial<Need>) }, prices)
      assert.deepEqual(
        { size: answer.size?.name ?? null, alternatives: answer.alternatives.map((one) => one.name) },
        { size: expect['size'], alternatives: expect['alternatives'] },
      )
      for (const reason of (expect['reasons'] as string[] | undefined) ?? [])
        assert.ok(answer.reasons.includes(reason), `${reason}\nnot in\n${answer.reasons.join('\n')}`)
      for (const rejected of (expect['rejected'] as object[] | undefined) ?? [])
        assert.ok(
          answer.rejected.some((one) => JSON.stringify(one) === JSON.stringify(rejected)),
          JSON.stringify(answer.rejected),
        )
    })
  }

  it('refuses a size that the catalogue does not have, and names the nearest', () => {
    assert.throws(() => chooseSize('c6i.larg', need, catalog()), {
      code: 'config-invalid',
      message: /^size: c6i\.larg is not a size of aws; did you mean c6i\.large, /,
    })
  })

  it('carries the node, gives each other size a reason, and is the same for any order of the catalogue', () => {
    fc.assert(
      fc.property(fc.array(anySize, { maxLength: 30 }), fc.integer({ min: 1, max: 64 }), fc.integer({ min: 256, max: 300_000 }), (sizes, cpus, memoryMiB) => {
        const unique = [...new Map(sizes.map((one) => [one.name, one])).values()]
        const wanted = { ...need, cpus, memoryMiB }
        const answer = chooseSize('auto', wanted, catalog({ sizes: unique }))
        if (answer.size) {
          assert.ok(answer.size.cpus >= cpus && answer.size.memoryMiB >= memoryMiB * 0.97)
          assert.ok(answer.size.architecture === 'x86_64' && answer.size.currentGeneration && !answer.size.bareMetal && !answer.size.burstable)
        }
        assert.equal(answer.size === null, answer.rejected.length === unique.length)
        assert.deepEqual(chooseSize('auto', wanted, catalog({ sizes: [...unique].reverse() })), answer)
      }),
    )
  })
})

const anySize: fc.Arbitrary<Size> = fc
  .record({
    family: fc.constantFrom('c6i', 'm6i', 'r6i', 'c5', 't3', 'g4dn', 'c6g'),
    step: fc.constantFrom('large', 'xlarge', '2xlarge', '4xlarge'),
    cpus: fc.integer({ min: 1, max: 64 }),
    memoryMiB: fc.integer({ min: 512, max: 400_000 }),
    currentGeneration: fc.boolean(),
    amount: fc.option(fc.integer({ min: 1, max: 5000 })),
  })
  .map(({ family, step, amount, ...figures }) =>
    size({
      name: `${family}.${step}`,
      burstable: family === 't3',
      architecture: family === 'c6g' ? 'arm64' : 'x86_64',
      monthlyPrice: amount === null ? null : { amount, currency: 'USD' },
      ...figures,
    }),
  )
