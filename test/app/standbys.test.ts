// How a standby is, by what is stored of it, and what of the policy's guards counts in peace.
import assert from 'node:assert/strict'
import test from 'node:test'
import { standbyOf } from '../../src/app/drill/standbys.ts'
import { noFacts, type MoveFacts, type MoveState } from '../../src/core/stored-move.ts'
import { plannedMove } from '../provision/world.ts'
import { inputOf, now } from '../core/policy-input.ts'

const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString()
const pass = { seconds: 1, movedBytes: 0, movedFiles: 0, missingBytes: 0, beganAt: ago(3), endedAt: ago(2) }
const target = { address: '203.0.113.11', privateAddress: null, id: 'i-1' }
const move = (facts: Partial<MoveFacts> = {}, state: MoveState = 'running') => ({
  state,
  plan: plannedMove('web-1'),
  facts: { ...noFacts, target, lastPass: pass, ...facts },
})
/** Nothing is wrong with the source, and nobody says so. */
const peace = { judged: { standing: 'healthy', verdict: 'healthy', down: 0 } }

test('one that follows is as far behind as the last whole pass began ago, and eligible until its drill is old, though nothing is down', () => {
  const { state, lagSeconds, remainingBytes, sample, auto } = standbyOf(move(), null, inputOf(peace))
  assert.deepEqual([state, lagSeconds, remainingBytes, sample], ['in-step', 3, 0, { at: ago(2), ageSeconds: 2, moves: true }])
  assert.deepEqual(auto, { eligible: true, until: new Date(now + 11 * 86_400_000).toISOString(), why: [] })
})

test('one that fell behind, or was not looked at lately, does not move', () => {
  const behind = { ...pass, missingBytes: 4096, completeAt: ago(60) }
  assert.deepEqual(
    [behind, { ...pass, endedAt: ago(11) }]
      .map((lastPass) => standbyOf(move({ lastPass }), null, inputOf(peace)))
      .map((each) => [each.lagSeconds, each.remainingBytes, each.sample?.moves]),
    [
      [60, 4096, false],
      [3, 0, false],
    ],
  )
})

test('what keeps it from being failed over to by itself is named; what only an outage meets is not', () => {
  const why = (changes: object): string[] => standbyOf(move(), null, inputOf({ ...peace, ...changes })).auto.why.map(({ code }) => code)
  assert.deepEqual(why({ drill: null }), ['drill'])
  assert.deepEqual(why({ drill: { passedAgo: '15d' } }), ['drill'])
  assert.deepEqual(why({ drill: { plan: 'plan-2' } }), ['drill'])
  assert.deepEqual(why({ lag: null, off: true }), ['switch', 'lag'])
  assert.deepEqual(why({ settings: { mode: 'propose' } }), ['mode'])
  assert.equal(standbyOf(move(), null, inputOf({ ...peace, drill: null })).auto.until, null)
})

test('what is no standby now says so, and is behind by nothing', () => {
  const states = [null, move({}, 'rolled-back'), move({ target: null }), move({ serving: 'target' }), move({}, 'failed'), move({ lastPass: null })]
  assert.deepEqual(
    states.map((each) => standbyOf(each, null, inputOf(peace))).map(({ state, lagSeconds }) => [state, lagSeconds]),
    [
      ['none', null],
      ['none', null],
      ['none', null],
      ['serves', null],
      ['rests', 3],
      ['in-step', null],
    ],
  )
})
