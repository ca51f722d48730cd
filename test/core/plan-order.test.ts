// What a plan says to people about order and limits.
import assert from 'node:assert/strict'
import test from 'node:test'
import { planMoves } from '../../src/core/plan-moves.ts'
import { planView } from '../../src/ui/plan-view.ts'
import { inventory, move, node, request } from './planning.ts'

const names = ['a-web', 'b-web', 'c-db']
const nodes = names.map((name, index) => node({ id: name, name, addresses: [`192.0.2.${index + 1}`] }))
const after = (name: string): readonly string[] => (name.endsWith('web') ? ['c-db'] : [])
const moves = names.map((name) => move({ name, from: { provider: 'old', id: name, name: null }, after: after(name) }))
const viewWith = (limits: { perSource: number; perTarget: number; startsPerHour: number }) =>
  planView(planMoves(request({ moves, inventories: { old: inventory(nodes) }, limits })))

test('who is switched after whom, and each limit that makes somebody wait', () => {
  const view = viewWith({ perSource: 2, perTarget: 1, startsPerHour: 2 })
  assert.ok(
    view.includes(
      [
        'Switched in this order: c-db; then a-web, b-web.',
        'Of 3 moves from old 2 copy at a time (limits: perSource).',
        'Of 3 moves to new 1 copy at a time (limits: perTarget).',
        'Of 3 nodes at new 2 are made within an hour (limits: startsPerHour).',
        'Together',
      ].join('\n'),
    ),
    view,
  )
})

test('limits that nobody meets are not told, nor an order where there is none', () => {
  const view = viewWith({ perSource: 3, perTarget: 3, startsPerHour: 3 })
  assert.doesNotMatch(view, /limits:/)
  const one = planView(planMoves(request({ limits: { perSource: 1, perTarget: 1, startsPerHour: 1 } })))
  assert.doesNotMatch(one, /limits:|order/)
})
