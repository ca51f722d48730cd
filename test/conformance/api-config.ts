// What may stand in lifeboat.yaml under a provider with an HTTPS API (src/providers/https-api.ts), whatever its kind.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { Secret } from '../../src/core/secret.ts'

const pin = `sha256:${'AB:'.repeat(31)}AB`

/** Registers the tests. `good` is the least that is allowed, with user and password. */
export function apiConfigConformance(schema: z.ZodObject, good: { readonly kind: string; readonly url: string }): void {
  const allowed = (more: object): boolean => schema.safeParse({ ...good, ...more }).success
  const title = (fact: string): string => `${good.kind}: ${fact}`

  test(title('the least is enough; a pin or an authority, contacts and ssh may be added'), () => {
    const more = [{}, { tls: { fingerprint: pin } }, { tls: { ca: new Secret('-----BEGIN') } }, { ssh: { user: 'root' } }, { contact: { phone: '+49 1' } }]
    for (const each of more) assert.ok(allowed(each), JSON.stringify(each))
  })

  test(title('what is unknown, wrong or literal is refused'), () => {
    const host = new URL(good.url).host
    const wrong = [{ passwd: 1 }, { password: 'literal' }, { user: '' }, { url: host }, { url: `ftp://${host}` }]
    const trust = [{ fingerprint: 'AB:CD' }, { fingerprint: pin, ca: 'x' }, { ca: 'literal' }, {}].map((tls) => ({ tls }))
    for (const each of [...wrong, ...trust]) assert.ok(!allowed(each), JSON.stringify(each))
  })

  test(title('a password goes over the network encrypted, or not at all'), () => {
    for (const url of [good.url.replace('https', 'http'), 'http://127.0.0.1.example/api']) assert.ok(!allowed({ url }), url)
    assert.ok(allowed({ url: 'http://127.0.0.1:8989/api' }))
  })

  test(title('every key has a description'), () => {
    for (const [key, value] of Object.entries(schema.shape)) if (key !== 'kind') assert.ok('description' in value && value.description, key)
  })
}
