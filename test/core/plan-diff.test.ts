// What a reviewer is told of a plan that changed.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { comparePlans } from '../../src/core/plan-diff.ts'
import { planMoves } from '../../src/core/plan-moves.ts'
import { changesView } from '../../src/ui/plan-view.ts'
import { inventory, move, node, request } from './planning.ts'

const planOf = (...moves: Parameters<typeof move>) => planMoves(request({ moves: moves.map((changes) => move(changes)) }))
const before = planOf({})

test('a plan that did not change says so, and a first one has nothing to be compared with', () => {
  assert.equal(changesView(comparePlans(before, planOf({}), 'all')), `Nothing changed since plan ${before.fingerprint}.`)
  assert.equal(changesView(comparePlans(null, before, 'all')), 'There was no plan before.')
})

test('what a person decides on is shown as it was and as it is', () => {
  const after = planMoves(
    request({ moves: [move({ ports: [{ port: 443, protocol: 'tcp', proxyProtocol: false }] })], inventories: { old: inventory([node({ memoryMiB: 8192 })]) } }),
  )
  assert.deepEqual(changesView(comparePlans(before, after, 'all')).split('\n'), [
    `Since plan ${before.fingerprint}:`,
    '~ web-1: cost 78.46 USD -> 91.60 USD',
    '~ web-1: ports none -> 443/tcp',
    '~ web-1: size c6i.large -> m6i.large',
  ])
})

test('a blocker that came, a move that came and one that was dropped stand with their sign', () => {
  const off = planMoves(request({ inventories: { old: inventory([node({ power: 'off' })]) } }))
  assert.match(changesView(comparePlans(before, off, 'all')), /^\+ web-1: blocker web-1 is powered off/m)
  const two = planMoves(request({ moves: [move(), move({ name: 'web-2' })] }))
  assert.match(changesView(comparePlans(before, two, 'all')), /^\+ web-2: move planned$/m)
  assert.match(changesView(comparePlans(two, before, 'all')), /^- web-2: move planned$/m)
  assert.ok(!comparePlans(two, before, 'some').changes.some(({ field }) => field === 'move'), 'only web-1 was asked for')
})

test('comparing there and back tells the same changes with their signs exchanged', () => {
  const anyPlan = fc
    .record({ memoryMiB: fc.integer({ min: 512, max: 65_536 }), cpus: fc.integer({ min: 1, max: 8 }), power: fc.constantFrom('on' as const, 'off' as const) })
    .map((changes) => planMoves(request({ inventories: { old: inventory([node(changes)]) } })))
  fc.assert(
    fc.property(anyPlan, anyPlan, (one, other) => {
      const key = (move: string, field: string, was: string | null, is: string | null) => JSON.stringify([move, field, was, is])
      const there = comparePlans(one, other, 'all').changes.map((each) => key(each.move, each.field, each.before, each.after))
      const back = comparePlans(other, one, 'all').changes.map((each) => key(each.move, each.field, each.after, each.before))
      assert.deepEqual(there.sort(), back.sort())
    }),
  )
})
