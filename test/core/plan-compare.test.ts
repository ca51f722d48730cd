// What the same moves would cost elsewhere.
import assert from 'node:assert/strict'
import test from 'node:test'
import { comparePrices, type PricedAt } from '../../src/core/plan-compare.ts'
import { planMoves, type PlanRequest } from '../../src/core/plan-moves.ts'
import type { Catalog } from '../../src/core/plan.ts'
import { pricesView } from '../../src/ui/plan-view.ts'
import { catalog, inventory, move, node, request, size } from './planning.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })
const elsewhere: Catalog = {
  kind: 'hcloud',
  takenAt: '2026-10-01',
  origin: 'another list',
  sizes: [
    size({ name: 'cx23', burstable: true, monthlyPrice: eur(5) }),
    size({ name: 'ccx13', memoryMiB: 8192, monthlyPrice: eur(16) }),
    size({ name: 'ccx23', cpus: 4, memoryMiB: 16_384, monthlyPrice: eur(32) }),
  ],
  systemDiskGiB: 0,
  smallestVolumeGiB: 10,
  volumePrice: eur(0.05),
  addressPrice: 'included',
}

function priced(
  changes: Partial<PlanRequest>,
  targets: readonly PricedAt[] = [
    { provider: 'new', catalog: catalog() },
    { provider: null, catalog: elsewhere },
  ],
) {
  const made = request(changes)
  return comparePrices(planMoves(made), made, targets)
}

/** Name and cost of each move at the last target. */
const at = (plan: ReturnType<typeof priced>, index = 1) => plan.compare[index]?.moves.map(({ size: name, monthlyCost }) => [name, monthlyCost?.amount ?? null])

test('a move costs at its own target what the plan says, and elsewhere what the same wish leads to, each in its currency', () => {
  const plan = priced({})
  assert.deepEqual(at(plan, 0), [[plan.moves[0]?.to.size, plan.moves[0]?.to.monthlyCost?.amount]])
  // 40,000 MiB of data are 40 GiB.
  assert.deepEqual(at(plan), [['ccx13', 18]])
  assert.deepEqual(plan.compare[1]?.monthlyCost, eur(18))
  assert.equal(priced({}).fingerprint, planMoves(request()).fingerprint, 'it is the same plan')
})

test('a size that was named stands elsewhere for what it has', () => {
  const placed = (wish: string, index = 1) =>
    at(priced({ moves: [move({ to: { provider: 'new', size: wish, image: 'debian-12', diskGiB: 4, node: null } })] }), index)
  assert.deepEqual(placed('t3.medium'), [['cx23', 5.5]], 'burstable there, shared here; the smallest volume is 10 GiB')
  assert.deepEqual(placed('c5.large', 0)?.[0]?.[0], 'c5.large', 'at its own target it is itself')
  assert.deepEqual(placed('c5.large'), [['ccx13', 16.5]])
  assert.deepEqual(placed('m6i.xlarge'), [['ccx23', 32.5]])
})

test('where nothing carries a node, or a price is not known, the sum is not known', () => {
  const large = priced({ inventories: { old: inventory([node({ cpus: 64 })]) } })
  assert.deepEqual([at(large), large.compare[1]?.monthlyCost], [[[null, null]], null])
  assert.match(large.compare[1]?.moves[0]?.reasons[0] ?? '', /nothing carries 64 vCPU/)
  const unknown = priced({}, [{ provider: null, catalog: { ...elsewhere, volumePrice: null } }])
  assert.deepEqual(at(unknown, 0), [['ccx13', null]])
})

test('people see each move at each target, all together, and of when and where from the figures are', () => {
  const text = pricesView(priced({ moves: [move(), move({ name: 'web-2' })] }))
  assert.match(text, /^web-1 +new \(aws\) +c6i\.large +78\.46 USD$/m)
  assert.match(text, /^web-2 +hcloud, not configured +ccx13 +18\.00 EUR$/m)
  assert.match(text, /^together +hcloud, not configured +36\.00 EUR$/m)
  assert.match(text, /^hcloud, not configured: figures of 2026-10-01; another list\.$/m)
})
