// Observers that go blind together must not be a quorum, and a quorum must be one that can be reached.
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseConfig } from '../../src/config/load.ts'
import { messageOf } from '../../src/core/errors.ts'
import { kinds, small } from './kinds.ts'

/** What is wrong with these observers (`name/domain`) and this policy; empty: nothing. */
function wrong(observers: readonly string[], policy: string, hooks = ''): string {
  const listed = observers.map((each) => each.split('/')).map(([name, domain]) => `{ name: ${name}, failureDomain: ${domain} }`)
  try {
    parseConfig({ text: `${small}watch: { observers: [ ${listed.join(', ')} ], policy: { ${policy} } }\n${hooks}`, baseFolder: '/srv' }, kinds)
    return ''
  } catch (error) {
    return messageOf(error)
  }
}

test('a quorum that observers of one failure domain reach alone is refused, in any mode', () => {
  const sentence = 'watch.policy.quorum: is 2, and must be more than the 2 observers of failure domain y (line 12).'
  for (const mode of ['observe', 'propose', 'auto']) assert.equal(wrong(['a/x', 'b/y', 'c/y'], `mode: ${mode}, quorum: 2`), sentence)
  assert.equal(wrong(['a/x', 'b/y', 'c/y'], 'mode: auto, quorum: 3'), '')
  assert.equal(wrong(['a/x', 'b/y'], 'mode: auto, quorum: 2'), '')
})

test('a quorum that could never be reached is refused, once something is to follow from it', () => {
  const sentence = 'watch.policy.quorum: is 3, and of observers and monitoring there are only 2 votes: it could never be reached (line 12).'
  assert.equal(wrong(['a/x', 'b/y'], 'mode: propose, quorum: 3'), sentence)
  assert.equal(wrong(['a/x', 'b/y'], 'mode: propose, quorum: 3', 'hooks: { pager: { family: alertmanager } }\n'), '')
  assert.equal(wrong(['a/x', 'b/y'], 'mode: observe, quorum: 3'), '')
  assert.equal(wrong([], 'mode: observe, quorum: 3'), '')
})

test('observers of one failure domain are refused, once something is to follow from what they see', () => {
  assert.equal(wrong(['a/x', 'b/x'], 'mode: auto, quorum: 3'), 'watch.observers: all share failure domain x: nothing could be confirmed (line 12).')
  assert.equal(wrong(['a/x', 'b/x'], 'mode: observe, quorum: 3'), '')
})
