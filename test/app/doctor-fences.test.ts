// What the doctor says of the fences of a move.
import assert from 'node:assert/strict'
import test from 'node:test'
import { fencesFound } from '../../src/app/doctor/fences.ts'
import type { Config } from '../../src/config/schema.ts'
import { judgeFences } from '../../src/core/doctor/fences.ts'
import { Secret } from '../../src/core/secret.ts'
import { openSource, startShop } from '../providers/vsphere/lab.ts'
import { soon } from '../support/failures.ts'
import { withoutVcsim } from '../support/vcsim.ts'

const codes = (found: readonly { readonly code: string; readonly severity: string }[]) => found.map(({ code, severity }) => `${severity} ${code}`)

test('a fence outside of the node is wanted, and one that cannot be used is told', () => {
  assert.deepEqual(codes(judgeFences('web-1', [{ kind: 'ssh', read: null }])), ['ok fence', 'warning fence-weak'])
  assert.deepEqual(codes(judgeFences('web-1', [])), ['warning fence-weak'])
  assert.deepEqual(codes(judgeFences('web-1', [{ kind: 'provider', read: 'It is gone.' }])), ['warning fence-unusable', 'warning fence-weak'])
  assert.deepEqual(
    codes(
      judgeFences('web-1', [
        { kind: 'provider', read: 'It is gone.' },
        { kind: 'hook', read: null },
      ]),
    ),
    ['warning fence-unusable', 'ok fence'],
  )
  assert.deepEqual(codes(judgeFences('web-1', [{ kind: 'provider', read: true }])), ['error fenced'])
})

test('a provider is asked, changes nothing, and tells when it does not let us in', { skip: withoutVcsim }, async (t) => {
  const { url, user, password, fingerprint } = await startShop(t)
  const source = await openSource(t, { url, user, password, fingerprint })
  const node = (await source.nodes(soon())).nodes.find(({ name }) => name === 'web-1') ?? assert.fail()
  const about = async (): Promise<null> => await Promise.resolve(null)
  const look = async (given: string, kind = 'vsphere') =>
    await fencesFound(
      { config: { providers: { old: { kind, url, user, password: new Secret(given), tls: { fingerprint } } } } as unknown as Config, about },
      { fence: [{ kind: 'provider' }, { kind: 'ssh' }] },
      { provider: 'old', id: node.id, name: 'web-1' },
      soon(),
    )
  assert.deepEqual(codes(await look(password)), ['ok fence', 'ok fence'])
  const wrong = await look('wrong')
  assert.deepEqual(codes(wrong), ['warning fence-unusable', 'ok fence', 'warning fence-weak'])
  assert.match(wrong[0]?.text ?? '', /^In a failover its provider could not cut web-1 off: The vCenter .*password/)
  assert.match((await look(password, 'static'))[0]?.text ?? '', /has no way to cut a node off \(kind static\)/)
  await source.network(node.id, 'disconnected', soon())
  assert.deepEqual(codes(await look(password)), ['error fenced', 'ok fence'])
})

test('a provider that did not let us in is not asked a second time', async () => {
  const config = { providers: { old: { kind: 'vsphere', url: 'https://127.0.0.1:9/sdk', user: 'ops', password: new Secret('wrong') } } } as unknown as Config
  const about = async (): Promise<never> => await Promise.reject(new Error('It says that the password is wrong.'))
  const found = await fencesFound({ config, about }, { fence: [{ kind: 'provider' }] }, { provider: 'old', id: 'vm-1', name: 'web-1' }, soon())
  assert.match(found[0]?.text ?? '', /It says that the password is wrong\.$/)
})
