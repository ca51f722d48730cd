import assert from 'node:assert/strict'
import test from 'node:test'
import { LifeboatError } from '../../src/core/errors.ts'
import { generic } from '../../src/watch/hooks/generic.ts'
import { began, ended, hmac, hookConformance, keys, keysOf, nowhere, receivedAt, refusal, type HookUnderTest, type KeyName } from '../conformance/hook.ts'

const mapping = {
  fields: { id: 'event.id', instance: 'problem', state: 'event.value', at: 'event.clock', severity: 'severity', text: 'name', subjects: ['hosts'] },
  states: { firing: ['1'], resolved: ['0'] },
}
const body = (value: string, at: string) =>
  JSON.stringify({
    event: { id: `e-${value}`, value, clock: Date.parse(at) / 1000 },
    problem: 42,
    severity: 'high',
    name: 'web-1 is down',
    hosts: ['web-1', 'web-2'],
  })
const open: HookUnderTest['open'] = (names) => {
  const [current, previous] = keysOf(names)
  const key = previous === undefined ? current : { current, previous }
  return generic.open(
    'test',
    generic.schema.parse({ family: 'generic', hmac: { key, header: 'X-Signature', prefix: 'sha256=', timestampHeader: 'X-Time' }, ...mapping }),
    nowhere,
  )
}
const at = receivedAt / 1000
const send = (text: string, key: KeyName) => ({
  headers: { 'x-signature': `sha256=${hmac(keys[key], `${at}.${text}`, 'hex')}`, 'x-time': String(at) },
  query: {},
  body: Buffer.from(text),
  receivedAt,
})
const tells = { occurredAt: began, severity: 'major', subjects: ['web-1', 'web-2'] }
hookConformance('generic', () => ({ open, send, firing: body('1', began), resolved: body('0', ended), signs: true, tells }))

test('a generic hook takes a password as well; it refuses a state of which it was told nothing, and to be open to everybody', async () => {
  const config = (more: object) => generic.schema.parse({ family: 'generic', ...more, ...mapping })
  const [password] = keysOf(['one'])
  const hook = generic.open('test', config({ basic: { user: 'ops', password } }), nowhere)
  const with_ = (login: string) => ({
    headers: { authorization: `Basic ${Buffer.from(login).toString('base64')}` },
    query: {},
    body: Buffer.from(''),
    receivedAt,
  })
  assert.deepEqual(await hook.verify(with_(`ops:${keys.one}`)), { scheme: 'basic', keyId: 'current', ok: true })
  for (const login of [`root:${keys.one}`, 'ops:', `ops:${keys.two}`]) await assert.rejects(hook.verify(with_(login)), refusal)
  assert.throws(
    () => hook.read(send(body('2', began), 'one')),
    (error) => error instanceof LifeboatError && error.message === 'The delivery cannot be read: its state is none of those under `states:`.',
  )
  assert.throws(
    () => generic.open('test', config({}), nowhere),
    (error) => error instanceof LifeboatError && error.code === 'config-invalid',
  )
})
