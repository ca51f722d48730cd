// Who waits for whom, for any graph and any mixture of moves that run, rest, and serve from their targets.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { clientsToGoFirst, describeObstacle, obstacleOf, type Standing } from '../../src/core/after.ts'

const running = (...after: string[]): Standing => ({ state: 'running', serving: 'source', after })
const failed = (...after: string[]): Standing => ({ ...running(...after), state: 'failed' })
const switched = (...after: string[]): Standing => ({ ...running(...after), serving: 'target' })
const estate = (of: Record<string, Standing>) => new Map(Object.entries(of))

test('a move waits until what it comes after serves from its target, whatever became of that since', () => {
  assert.equal(obstacleOf([], estate({})), null)
  assert.deepEqual(obstacleOf(['db-1'], estate({ 'db-1': running() })), { move: 'db-1', cause: 'db-1', state: 'running' })
  for (const state of ['running', 'failed', 'finished'] as const) assert.equal(obstacleOf(['db-1'], estate({ 'db-1': { ...switched(), state } })), null)
  assert.deepEqual(obstacleOf(['a', 'b'], estate({ a: switched(), b: running() })), { move: 'b', cause: 'b', state: 'running' })
})

test('what rests, is rolled back or was never begun is named as the cause, also behind moves that run, before what goes on', () => {
  assert.deepEqual(obstacleOf(['a', 'b'], estate({ a: running(), b: failed() })), { move: 'b', cause: 'b', state: 'failed' })
  assert.deepEqual(obstacleOf(['api'], estate({ api: running('db') })), { move: 'api', cause: 'db', state: 'not-begun' })
  const back = { ...running(), state: 'rolled-back' } as const
  assert.deepEqual(obstacleOf(['api'], estate({ api: running('db'), db: back })), { move: 'api', cause: 'db', state: 'rolled-back' })
  // What is switched was waited for; what stands behind it does not matter any more.
  assert.equal(obstacleOf(['api'], estate({ api: switched('db'), db: failed() })), null)
})

test('it is told in words, with what to do', () => {
  assert.equal(describeObstacle({ move: 'db', cause: 'db', state: 'running' }), 'until db is switched')
  assert.equal(describeObstacle({ move: 'db', cause: 'db', state: 'not-begun' }), 'for db, which was not begun: migrate db, or take it out of `after:`')
  assert.equal(
    describeObstacle({ move: 'api', cause: 'db', state: 'failed' }),
    'for api, and that for db, which failed: migrate db, or take it out of `after:`',
  )
})

test('clients that are switched should go back before what they come after', () => {
  const all = estate({ db: switched(), 'web-1': switched('db'), 'web-2': running('db'), other: switched() })
  assert.deepEqual(clientsToGoFirst(all).get('db'), ['web-1'])
})

/** Moves `m0`, `m1`…, each after some of those before it; some are not begun. */
const estates = fc
  .array(
    fc.record({
      state: fc.constantFrom('running', 'running', 'running', 'failed', 'rolled-back', 'finished', null),
      isSwitched: fc.boolean(),
      after: fc.array(fc.nat(), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((drawn) =>
    drawn.flatMap(({ state, isSwitched, after }, index): [string, Standing][] => {
      if (state === null) return []
      const before = index === 0 ? [] : after.map((each) => `m${each % index}`)
      return [[`m${index}`, { state, serving: isSwitched ? 'target' : 'source', after: [...new Set(before)] }]]
    }),
  )
  .map((entries) => new Map(entries))

test('for any estate: nothing in the way exactly when all of them are switched; a cause is stopped, and a way of waiting leads to it', () => {
  fc.assert(
    fc.property(estates, (all) => {
      for (const { after } of all.values()) {
        const found = obstacleOf(after, all)
        assert.equal(
          found === null,
          after.every((name) => all.get(name)?.serving === 'target'),
        )
        if (found === null) continue
        assert.ok(after.includes(found.move) && waysOf(found.move, all).has(found.cause))
        const stopped = after.flatMap((name) => [...waysOf(name, all)]).filter((name) => all.get(name)?.state !== 'running')
        assert.equal(found.state === 'running', stopped.length === 0)
        if (found.state !== 'running') assert.ok(stopped.includes(found.cause))
      }
    }),
  )
})

/** This move and all that it waits for, one behind the other, as the definition says: slow and plain. */
function waysOf(name: string, all: ReadonlyMap<string, Standing>): Set<string> {
  const standing = all.get(name)
  if (standing?.serving === 'target') return new Set()
  if (standing?.state !== 'running') return new Set([name])
  return new Set([name, ...standing.after.flatMap((other) => [...waysOf(other, all)])])
}

test('a circle, and a long chain of diamonds, come to an end', () => {
  assert.deepEqual(obstacleOf(['a'], estate({ a: running('b'), b: running('a') })), { move: 'a', cause: 'a', state: 'running' })
  const layers = Array.from({ length: 40 }, (_, index) => index)
  const before = (layer: number): string[] => (layer === 0 ? ['gone'] : [`l${layer - 1}`, `r${layer - 1}`])
  const ladder = estate(Object.fromEntries(layers.flatMap((layer) => ['l', 'r'].map((side) => [`${side}${layer}`, running(...before(layer))]))))
  assert.deepEqual(obstacleOf(['r39'], ladder), { move: 'r39', cause: 'gone', state: 'not-begun' })
})
