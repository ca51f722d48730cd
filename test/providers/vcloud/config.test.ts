// What may stand under a provider of kind vcloud.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../../src/core/secret.ts'
import { vcloud } from '../../../src/providers/vcloud/index.ts'
import { apiConfigConformance } from '../../conformance/api-config.ts'

const good = { kind: 'vcloud', url: 'https://vcloud.example', org: 'acme', user: 'ops', password: new Secret('x') }
apiConfigConformance(vcloud.schema, good)

test('vcloud: either user and password, or a token', () => {
  const { user, password, ...open } = good
  const token = new Secret('t')
  const either = (more: object): boolean => vcloud.schema.safeParse({ ...open, ...more }).success
  assert.deepEqual([either({ token }), either({ user, password })], [true, true])
  for (const more of [{}, { user }, { password }, { user, token }, { password, token }, { user, password, token }, { token: 'literal' }]) {
    assert.ok(!either(more), JSON.stringify(Object.keys(more)))
  }
})
