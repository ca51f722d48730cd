// What becomes of the node of a standby, by what is known of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LifeboatError } from '../../src/core/errors.ts'
import { standbyActs, standbyWants, type StandbySeen } from '../../src/core/standby-node.ts'

const target = { address: '203.0.113.11', privateAddress: null, id: 'i-1' }
const facts = { serving: 'source', target, holdsData: true, parked: null } as const
const inStep: StandbySeen = { move: 'web-1', provider: 'new', stored: { state: 'running', facts }, parkedSize: 't3.micro', declares: true, isDataApart: true }
const rests: StandbySeen = { ...inStep, stored: { state: 'rolled-back', facts } }
const parked: StandbySeen = { ...inStep, stored: { state: 'running', facts: { ...facts, parked: 't3.micro' } } }

test('up begins what does not run and makes large what is parked; park makes small; down ends the run first', () => {
  assert.deepEqual(standbyActs('up', { ...inStep, stored: null }), ['begin'])
  assert.deepEqual(standbyActs('up', rests), ['begin'])
  assert.deepEqual(standbyActs('up', inStep), [])
  assert.deepEqual(standbyActs('up', parked), ['resize'])
  assert.deepEqual(standbyActs('up', { ...parked, stored: { state: 'failed', facts: { ...facts, parked: 't3.micro' } } }), ['resize', 'begin'])
  assert.deepEqual(standbyActs('park', inStep), ['resize'])
  assert.deepEqual(standbyActs('park', parked), [])
  assert.deepEqual(standbyActs('park', { ...parked, parkedSize: 't3.nano' }), ['resize'])
  assert.deepEqual(standbyActs('down', inStep), ['end', 'remove'])
  assert.deepEqual(standbyActs('down', rests), ['remove'])
  assert.deepEqual(standbyActs('down', { ...rests, stored: { state: 'rolled-back', facts: { ...facts, target: null } } }), [])
  assert.deepEqual(standbyActs('down', { ...inStep, stored: null }), [])
})

test('what cannot be is refused with a sentence that says why', () => {
  const refused = (want: 'park' | 'down', changes: Partial<StandbySeen>, code: string, message: RegExp) =>
    assert.throws(() => standbyActs(want, { ...inStep, ...changes }), { code, message })
  refused('park', { parkedSize: null }, 'config-invalid', /^moves\.web-1\.standby\.size was not set/)
  refused('park', { stored: null }, 'not-now', /no standby yet/)
  refused('park', { declares: false }, 'not-now', /was not made by Lifeboat/)
  refused('down', { declares: false }, 'not-now', /was not made by Lifeboat/)
  refused('down', { isDataApart: false }, 'not-now', /data of web-1 is in its node at new, and would go with it/)
})

const anySeen: fc.Arbitrary<StandbySeen> = fc.record({
  move: fc.constant('web-1'),
  provider: fc.constant('new'),
  stored: fc.option(
    fc.record({
      state: fc.constantFrom('running', 'failed', 'rolled-back', 'finished'),
      facts: fc.record({
        serving: fc.constantFrom('source', 'target'),
        target: fc.option(fc.constant(target)),
        holdsData: fc.boolean(),
        parked: fc.option(fc.constantFrom('t3.micro', 't3.nano')),
      }),
    }),
  ),
  parkedSize: fc.option(fc.constantFrom('t3.micro', 't3.nano')),
  declares: fc.boolean(),
  isDataApart: fc.boolean(),
})

test('whatever is known, a node that serves is left alone, and none goes while something copies to it, or with data that is nowhere else', () => {
  fc.assert(
    fc.property(fc.constantFrom(...standbyWants), anySeen, (want, seen) => {
      let acts: readonly string[] = []
      try {
        acts = standbyActs(want, seen)
      } catch (error) {
        assert.ok(error instanceof LifeboatError && (error.code === 'not-now' || error.code === 'config-invalid'))
      }
      if (seen.stored?.facts.serving === 'target') assert.deepEqual(acts, [])
      if (!acts.includes('remove')) return
      assert.equal(want, 'down')
      assert.ok(seen.declares && (seen.isDataApart || seen.stored?.facts.holdsData !== true))
      assert.ok(seen.stored?.state !== 'running' || acts.indexOf('end') === acts.indexOf('remove') - 1)
    }),
  )
})
