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

test('those that are switched as one are one wave; the plan tells in which order they are held, and their pause', () => {
  const freeze = { name: 'shop', members: ['a-web', 'c-db'] }
  const shared = moves.map((each) => (freeze.members.includes(each.name) ? { ...each, freeze } : each))
  const measured = Object.fromEntries(names.map((name) => [name, { path: 'direct' as const, forecastPauseMs: 3000 }]))
  const plan = planMoves(request({ moves: shared, inventories: { old: inventory(nodes) }, measured }))
  assert.deepEqual(plan.waves, [['a-web', 'c-db'], ['b-web']])
  assert.deepEqual(plan.freezes, [{ ...freeze, forecastPauseMs: 6000, budgetMs: 20_000 }])
  const text =
    'Switched as one: a-web, then c-db are held, the other way round they are released (freezes.shop). One pause: about 6 s at most, of a budget of 20 s.'
  assert.ok(planView(plan).includes(text), planView(plan))
  const alone = planMoves(request({ moves: shared.slice(0, 1), inventories: { old: inventory(nodes) } }))
  assert.deepEqual(
    alone.moves[0]?.warnings.filter(({ code }) => code === 'freeze-outside').map(({ text: said }) => said),
    ['a-web is switched as one with c-db, which is not part of this plan: it is not switched before that is ready, too.'],
  )
  assert.notEqual(plan.fingerprint, planMoves(request({ moves, inventories: { old: inventory(nodes) }, measured })).fingerprint)
})
