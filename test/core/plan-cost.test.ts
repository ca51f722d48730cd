// What a plan costs, and how it is told.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Move } from '../../src/core/move.ts'
import { planMoves, type PlanRequest } from '../../src/core/plan-moves.ts'
import { planView } from '../../src/ui/plan-view.ts'
import { catalog, inventory, move, node, request } from './planning.ts'

const nodes = ['a', 'b'].map((id) => node({ id, name: id }))
const from = (id: string, amount?: number, currency = 'USD'): Move['from'] => ({
  provider: 'old',
  id,
  name: null,
  ...(amount === undefined ? {} : { monthlyCost: { amount, currency } }),
})
const plan = (ends: readonly Move['from'][], changes: Partial<PlanRequest> = {}) =>
  planMoves(request({ moves: ends.map((end) => move({ name: end.id ?? '', from: end })), inventories: { old: inventory(nodes) }, ...changes }))
const usd = (amount: number) => ({ amount, currency: 'USD' })

describe('the cost of a plan', () => {
  it('has size, system disk, data volume and address of each target', () => {
    const [first] = plan([from('a')], { catalogs: { new: catalog({ systemDiskGiB: 20 }) } }).moves
    // c6i.large 70.81, 40 GiB of data and 20 GiB of system at 0.10, an address 3.65.
    assert.deepEqual(first?.to.monthlyCost, usd(80.46))
    assert.deepEqual(first?.to.alternatives[0]?.monthlyCost, usd(80.46))
  })

  it('has both sides together where each source says what it costs, in one currency, and is unknown else', () => {
    assert.deepEqual(plan([from('a', 45), from('b', 12.5)]).totals, { monthlyCost: usd(156.92), bothSidesMonthlyCost: usd(214.42) })
    for (const ends of [
      [from('a', 45), from('b')],
      [from('a', 45), from('b', 12.5, 'EUR')],
    ])
      assert.deepEqual(plan(ends).totals, { monthlyCost: usd(156.92), bothSidesMonthlyCost: null })
  })

  it('has that of a parked standby, of the size that is asked for; one that the provider does not have is refused', () => {
    const parked = (size: string) => planMoves(request({ moves: [move({ standby: { size, drillMs: null } })] }))
    const [first] = parked('c5.large').moves
    assert.equal(first?.to.size, 'c6i.large')
    assert.equal(first.to.parked?.size, 'c5.large')
    assert.match(planView(parked('c5.large')), /parked it would be c5\.large \(\d+\.\d\d USD\)/)
    assert.equal(planMoves(request({ moves: [move({ standby: { size: null, drillMs: null } })] })).moves[0]?.to.parked, undefined)
    assert.throws(() => parked('c9.huge'), { code: 'config-invalid', message: /moves\..*\.standby\.size: c9\.huge is not a size/ })
  })

  it('is told with the next two sizes, their prices, and both sides', () => {
    const lines = planView(plan([from('a', 45)])).split('\n')
    assert.ok(lines.includes('  a: next would be c5.large (78.46 USD), c6i.xlarge (149.27 USD)'), lines.join('\n'))
    assert.match(lines.at(-1) ?? '', /^Together 78\.46 USD a month, 123\.46 USD with the old side while both are there\. One wave\./)
    assert.match(planView(plan([from('a')])), /\nTogether 78\.46 USD a month; what the old side costs is not known \(from: \{ monthlyCost: … \}\)\. /)
    assert.match(planView(plan([from('a')], { catalogs: { new: catalog({ volumePrice: null }) } })), /\nTogether unknown a month\. /)
  })
})
