// What may stand under a provider of kind vcloud.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../../src/core/secret.ts'
import { vcloud } from '../../../src/providers/vcloud/index.ts'

const good = { kind: 'vcloud', url: 'https://vcloud.example', org: 'acme', user: 'ops', password: new Secret('x') }
const pin = `sha256:${'AB:'.repeat(31)}AB`

function allowed(more: object): boolean {
  return vcloud.schema.safeParse({ ...good, ...more }).success
}

test('address, user and password are enough; a pin or an authority, contacts and ssh may be added', () => {
  for (const more of [
    {},
    { tls: { fingerprint: pin } },
    { tls: { ca: new Secret('-----BEGIN') } },
    { ssh: { user: 'root' } },
    { contact: { phone: '+49 1' } },
  ]) {
    assert.ok(allowed(more), JSON.stringify(more))
  }
})

test('what is unknown, wrong or literal is refused', () => {
  for (const more of [
    { passwd: 1 },
    { password: 'literal' },
    { user: '' },
    { url: 'vcloud.example' },
    { url: 'ftp://vcloud.example' },
    { tls: { fingerprint: 'AB:CD' } },
    { tls: { fingerprint: pin, ca: 'x' } },
    { tls: {} },
  ]) {
    assert.ok(!allowed(more), JSON.stringify(more))
  }
})

test('a password goes over the network encrypted, or not at all', () => {
  assert.ok(!allowed({ url: 'http://vcloud.example' }))
  assert.ok(!allowed({ url: 'http://127.0.0.1.example/sdk' }))
  assert.ok(allowed({ url: 'http://127.0.0.1:8989/sdk' }))
})

test('every key has a description', () => {
  for (const [key, value] of Object.entries(vcloud.schema.shape)) if (key !== 'kind') assert.ok(value.description, key)
})

test('either user and password, or a token', () => {
  const { user, password, ...open } = good
  const token = new Secret('t')
  const either = (more: object): boolean => vcloud.schema.safeParse({ ...open, ...more }).success
  assert.deepEqual([either({ token }), either({ user, password })], [true, true])
  for (const more of [{}, { user }, { password }, { user, token }, { password, token }, { user, password, token }, { token: 'literal' }]) {
    assert.ok(!either(more), JSON.stringify(Object.keys(more)))
  }
})
