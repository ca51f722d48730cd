// A failover step by step: each answer leads on, and what comes late, from somebody newer, or not at all does not lead astray.
import assert from 'node:assert/strict'
import test from 'node:test'
import { afterAnswer, beforeAsking, beginFailover, mayAsk, takeOver, type AskedStep, type FailoverAnswer, type FailoverState } from '../../src/core/failover.ts'
import { inputOf, now, ready } from './policy-input.ts'

const begun = beginFailover('f-1', 'policy', now, null)
const at = (step: FailoverState['step'], epoch: number | null = 7): FailoverState => ({ ...begun, step, epoch })
const answered = (state: FailoverState, answer: FailoverAnswer = {}): FailoverState =>
  afterAnswer(state, { step: state.step as AskedStep, epoch: state.epoch }, answer, now)

test('it claims, cuts off, reads that back, promotes, and moves the name; under one epoch', () => {
  const steps: string[] = []
  let state: FailoverState = begun
  const answers: readonly FailoverAnswer[] = [{ epoch: 7 }, {}, { isFenced: false }, { isFenced: true }, {}, {}]
  for (const answer of answers) {
    assert.equal(mayAsk(state, ready), true)
    state = answered(state, answer)
    steps.push(`${state.step} ${state.epoch}`)
  }
  assert.deepEqual(steps, ['fence 7', 'confirm-fence 7', 'confirm-fence 7', 'promote 7', 'switch-names 7', 'done 7'])
})

test('before the fence a guard that refuses ends it; after it, one may open again until the deadline', () => {
  const off = inputOf({ off: true })
  assert.deepEqual([beforeAsking(at('fence'), off).step, beforeAsking(at('promote'), off).step, mayAsk(at('promote'), off)], ['reclaim', 'promote', false])
  const later = inputOf({ off: true, now: now + 61_000 })
  const ended = beforeAsking(beforeAsking(at('promote'), off), later)
  assert.deepEqual([ended.step, ended.why], ['reclaim', 'The policy is switched off (lifeboat policy enable).'])
})

test('it is given up under a new epoch alone, and not once the standby serves', () => {
  const opening = answered(at('reclaim'), { epoch: 8 })
  assert.deepEqual([opening.step, opening.epoch, answered(opening).step], ['open-again', 8, 'given-up'])
  const forward = answered(at('reclaim'), { epoch: 8, refused: 'serves' })
  assert.deepEqual([forward.step, forward.epoch], ['switch-names', 8])
})

test('an answer to an earlier step or epoch changes nothing; that of a newer one ends it', () => {
  const state = at('promote')
  for (const asked of [
    { step: 'fence' as const, epoch: 7 },
    { step: 'promote' as const, epoch: 6 },
  ])
    assert.equal(afterAnswer(state, asked, {}, now), state)
  assert.equal(answered(state, { refused: 'stale' }).step, 'given-up')
})

test('whoever takes over claims an epoch of its own first, also to give up what was being given up', () => {
  assert.deepEqual(
    (['claim', 'promote', 'switch-names', 'reclaim', 'open-again', 'done', 'manual'] as const).map((step) => takeOver(at(step), now).step),
    ['claim', 'claim', 'claim', 'reclaim', 'reclaim', 'done', 'manual'],
  )
})

test('no step outlives its deadline: it is given up, or left to a person where nobody can say who serves', () => {
  const late = inputOf({ now: now + 901_000 })
  assert.deepEqual(
    (['claim', 'fence', 'confirm-fence', 'promote', 'switch-names', 'reclaim', 'open-again'] as const).map((step) => beforeAsking(at(step), late).step),
    ['given-up', 'reclaim', 'reclaim', 'reclaim', 'manual', 'manual', 'manual'],
  )
})
