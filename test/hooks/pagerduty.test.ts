import assert from 'node:assert/strict'
import test from 'node:test'
import { pagerduty } from '../../src/watch/hooks/pagerduty.ts'
import { began, ended, hmac, hookConformance, keys, keysOf, nowhere, receivedAt, type HookUnderTest, type KeyName } from '../conformance/hook.ts'

const data = { id: 'PFQ', type: 'incident', title: 'web-1 is slow', service: { id: 'PA2', summary: 'web-1' }, urgency: 'high', priority: null }
const body = (id: string, type: string, at: string) => JSON.stringify({ event: { id, event_type: type, occurred_at: at, data } })
const open: HookUnderTest['open'] = (names) => pagerduty.open('test', { family: 'pagerduty', key: keysOf(names) }, nowhere)
const send = (text: string, ...names: KeyName[]) => ({
  headers: { 'x-pagerduty-signature': names.map((each) => `v1=${hmac(keys[each], text, 'hex')}`).join(',') },
  query: {},
  body: Buffer.from(text),
  receivedAt,
})
const [firing, resolved] = [body('01A', 'incident.triggered', began), body('01B', 'incident.resolved', ended)]
hookConformance('pagerduty', () => ({ open, send, firing, resolved, signs: true, tells: { occurredAt: began, severity: 'major', subjects: ['web-1'] } }))

test('of several signatures of PagerDuty any may be ours; an unsigned id in a header makes no new delivery of an old one', async () => {
  const hook = open(['one'])
  assert.equal((await hook.verify(send(firing, 'wrong', 'one'))).ok, true)
  const again = send(firing, 'one')
  assert.equal(hook.read({ ...again, headers: { ...again.headers, 'x-webhook-id': 'another' } }).deliveryKey, hook.read(again).deliveryKey)
})
