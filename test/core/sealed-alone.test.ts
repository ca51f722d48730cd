// A side that is sealed alone: when it may be opened, what is said of it, and what going back costs then.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { rollbackPrice } from '../../src/core/forecast.ts'
import { commitWasAsked, describeSealedAlone, openingReason, wayOut } from '../../src/core/sealed-alone.ts'
import { noFacts } from '../../src/core/stored-move.ts'

const since = '2026-11-27T03:12:00.000Z'

test('it opens where its provider says that the other side is off and nothing was committed, or where somebody says so whom no provider contradicts', () => {
  const table = [
    // off, word, commitAsked
    [true, false, false, 'fenced'],
    [true, true, false, 'fenced'],
    [true, true, true, 'fenced'],
    [null, true, false, 'person'],
    [null, true, true, 'person'],
    [false, true, false, 'contradicted'],
    [false, true, true, 'contradicted'],
    [true, false, true, null],
    [null, false, false, null],
    [null, false, true, null],
    [false, false, false, null],
    [false, false, true, null],
  ] as const
  for (const [off, word, commitAsked, reason] of table) assert.equal(openingReason({ off, word, commitAsked }), reason, `${off} ${word} ${commitAsked}`)
})

test('the other side may have committed once it was asked to in the last attempt, by whichever run', () => {
  const record = (step: string, state: 'started' | 'done' | 'failed' = 'started') => ({ step, state })
  const asked = [record('hold-clients'), record('seal-source'), record('commit-switch')]
  assert.equal(commitWasAsked([]), false)
  assert.equal(commitWasAsked(asked), true)
  assert.equal(commitWasAsked([...asked, record('demote-target', 'failed')]), true)
  assert.equal(commitWasAsked([...asked, record('hold-clients'), record('promote-target')]), false)
  assert.equal(commitWasAsked([...asked, record('hold-clients-back'), record('seal-target')]), false)
  assert.equal(commitWasAsked([record('hold-clients-back'), record('commit-switch-back')]), true)
  assert.equal(commitWasAsked([record('hold-clients'), record('commit-switch', 'failed')]), false)
  assert.equal(commitWasAsked([...asked, record('fence-source'), record('promote-target')], 'fence-source'), false)
  assert.equal(commitWasAsked([record('hold-clients'), record('fence-source'), record('commit-switch')], 'fence-source'), true)
})

test('what is said names both sides, since when, what may be lost and the command that ends it, on the way back too', () => {
  fc.assert(
    fc.property(fc.constantFrom('source' as const, 'target' as const), fc.boolean(), (side, commitAsked) => {
      const alone = { side, since, commitAsked }
      const other = side === 'source' ? 'target' : 'source'
      const text = describeSealedAlone(alone)
      assert.match(text, new RegExp(`The ${side} is sealed and the ${other} has not answered since ${since}`))
      assert.equal(text.includes('may have done so'), commitAsked)
      assert.equal(wayOut('web-1', alone), `lifeboat rollback web-1 --${other}-is-off`)
      assert.equal(rollbackPrice({ ...noFacts, serving: side, sealedAlone: alone }).possible, false)
    }),
  )
})

test('without the target that serves nobody goes back, and the price tells since when writes would be lost', () => {
  const facts = { ...noFacts, serving: 'target' as const, lastPass: { seconds: 1, movedBytes: 0, movedFiles: 0, endedAt: '2026-11-27T03:11:57.000Z' } }
  assert.equal(rollbackPrice(facts).possible, true)
  const { possible, seconds, writesLost, why } = rollbackPrice({ ...facts, targetSilentSince: since })
  assert.deepEqual({ possible, seconds, writesLost }, { possible: false, seconds: null, writesLost: null })
  assert.match(why, /has not answered since 2026-11-27T03:12:00\.000Z.*written since 2026-11-27T03:11:57\.000Z.*would be lost/)
  assert.match(rollbackPrice({ ...facts, lastPass: null, targetSilentSince: since }).why, /written since the switch, would be lost/)
  // Of two that are silent, the source is what going back needs most.
  assert.match(rollbackPrice({ ...facts, targetSilentSince: since, sourceAnswers: false }).why, /The source does not answer/)
})
