// What may stand under a provider of kind terremark.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../../src/core/secret.ts'
import { terremark } from '../../../src/providers/terremark/index.ts'

const good = { kind: 'terremark', url: 'https://services.example/api', user: 'ops@shop.example', password: new Secret('x') }
const pin = `sha256:${'AB:'.repeat(31)}AB`

function allowed(more: object): boolean {
  return terremark.schema.safeParse({ ...good, ...more }).success
}

test('address, user and password are enough; a pin or an authority, contacts and ssh may be added', () => {
  for (const more of [{}, { tls: { fingerprint: pin } }, { tls: { ca: new Secret('-----BEGIN') } }, { ssh: { user: 'root' } }, { contact: { forum: 'x' } }]) {
    assert.ok(allowed(more), JSON.stringify(more))
  }
})

test('what is unknown, wrong or literal is refused', () => {
  for (const more of [
    { org: 'acme' },
    { password: 'literal' },
    { user: '' },
    { url: 'services.example' },
    { tls: { fingerprint: 'AB:CD' } },
    { tls: { fingerprint: pin, ca: 'x' } },
  ]) {
    assert.ok(!allowed(more), JSON.stringify(more))
  }
})

test('a password goes over the network encrypted, or not at all', () => {
  assert.ok(!allowed({ url: 'http://services.example/api' }))
  assert.ok(!allowed({ url: 'http://127.0.0.1.example/api' }))
  assert.ok(allowed({ url: 'http://127.0.0.1:8989/api' }))
})

test('every key has a description', () => {
  for (const [key, value] of Object.entries(terremark.schema.shape)) if (key !== 'kind') assert.ok(value.description, key)
})
