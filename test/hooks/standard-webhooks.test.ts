import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import test from 'node:test'
import { standardWebhooks } from '../../src/watch/hooks/standard-webhooks.ts'
import { Secret } from '../../src/core/secret.ts'
import { began, ended, hmac, hookConformance, keys, nowhere, receivedAt, refusal, type HookUnderTest, type KeyName } from '../conformance/hook.ts'

const states = { firing: ['incident.opened'], resolved: ['incident.closed'] }
const body = (type: string, timestamp: string) => JSON.stringify({ type, timestamp, data: { id: 'i-1' } })
const secretOf = (name: KeyName) => new Secret(`whsec_${Buffer.from(keys[name].padEnd(32, '-')).toString('base64')}`)
const open: HookUnderTest['open'] = ([current = 'one', previous]) => {
  const key = previous === undefined ? secretOf(current) : { current: secretOf(current), previous: secretOf(previous) }
  return standardWebhooks.open('test', standardWebhooks.schema.parse({ family: 'standard-webhooks', key, states }), nowhere)
}
const at = receivedAt / 1000
const signed = (text: string, signature: string) => ({
  headers: { 'webhook-id': idOf(text), 'webhook-timestamp': String(at), 'webhook-signature': `v1,AAAA ${signature}` },
  query: {},
  body: Buffer.from(text),
  receivedAt,
})
const idOf = (text: string) => `msg_${text.length}`
const send = (text: string, key: KeyName) => signed(text, `v1,${hmac(Buffer.from(keys[key].padEnd(32, '-')), `${idOf(text)}.${at}.${text}`, 'base64')}`)
const [firing, resolved] = [body('incident.opened', began), body('incident.closed', `${ended.slice(0, -1)}0Z`)]
hookConformance('standard-webhooks', () => ({ open, send, firing, resolved, signs: true, tells: { occurredAt: began, severity: 'major', subjects: [] } }))

test('a delivery of Standard Webhooks may be signed with ed25519; neither its id nor its time can be exchanged', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const known = `whpk_${publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`
  const hook = standardWebhooks.open('test', standardWebhooks.schema.parse({ family: 'standard-webhooks', publicKeys: [known], states }), nowhere)
  const signature = sign(null, Buffer.from(`${idOf(firing)}.${at}.${firing}`), privateKey).toString('base64')
  const delivery = signed(firing, `v1a,${signature}`)
  assert.deepEqual(await hook.verify(delivery), { scheme: 'ed25519', keyId: 'current', ok: true })
  for (const header of [{ 'webhook-id': 'msg_other' }, { 'webhook-timestamp': String(at + 1) }])
    await assert.rejects(hook.verify({ ...delivery, headers: { ...delivery.headers, ...header } }), refusal)
  await assert.rejects(hook.verify({ ...delivery, receivedAt: receivedAt + 301_000 }), refusal)
})
