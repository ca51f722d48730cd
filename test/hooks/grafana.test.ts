import assert from 'node:assert/strict'
import test from 'node:test'
import { grafana } from '../../src/watch/hooks/grafana.ts'
import { began, ended, hmac, hookConformance, keys, keysOf, nowhere, receivedAt, refusal, type HookUnderTest, type KeyName } from '../conformance/hook.ts'

const labels = { alertname: 'Memory', severity: 'warning', instance: 'web-1:9100' }
const body = (status: string, endsAt: string) =>
  JSON.stringify({
    version: '1',
    groupKey: '{}',
    orgId: 1,
    status,
    state: 'alerting',
    alerts: [{ status, labels, annotations: {}, startsAt: began, endsAt, fingerprint: 'e634' }],
  })
const open: HookUnderTest['open'] = (names) =>
  grafana.open('test', grafana.schema.parse({ family: 'grafana', key: keysOf(names)[0], ...rotated(names) }), nowhere)
const rotated = (names: readonly KeyName[]) => (names.length === 1 ? {} : { key: { current: keysOf(names)[0], previous: keysOf(names)[1] } })
const send = (text: string, key: KeyName, at = receivedAt / 1000) => ({
  headers: { 'x-grafana-alerting-signature': hmac(keys[key], `${at}:${text}`, 'hex'), 'x-grafana-alerting-timestamp': String(at) },
  query: {},
  body: Buffer.from(text),
  receivedAt,
})
const [firing, resolved] = [body('firing', '0001-01-01T00:00:00Z'), body('resolved', ended)]
hookConformance('grafana', () => ({ open, send, firing, resolved, signs: true, tells: { occurredAt: began, severity: 'minor', subjects: ['web-1'] } }))

test('a delivery of Grafana that was signed longer ago than five minutes is refused, and one that signs no time, too', async () => {
  const hook = open(['one'])
  await hook.verify(send(firing, 'one', receivedAt / 1000 - 299))
  await assert.rejects(hook.verify(send(firing, 'one', receivedAt / 1000 - 301)), refusal)
  await assert.rejects(hook.verify(send(firing, 'one', receivedAt / 1000 + 301)), refusal)
  const unsigned = { 'x-grafana-alerting-signature': hmac(keys.one, firing, 'hex') }
  await assert.rejects(hook.verify({ ...send(firing, 'one'), headers: unsigned }), refusal)
})
