// What may stand under a provider of kind terremark.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../../src/core/secret.ts'
import { terremark } from '../../../src/providers/terremark/index.ts'
import { apiConfigConformance } from '../../conformance/api-config.ts'

const good = { kind: 'terremark', url: 'https://services.example/api', user: 'ops@shop.example', password: new Secret('x') }

apiConfigConformance(terremark.schema, good)

test('terremark: it has no organisation to name', () => {
  assert.ok(!terremark.schema.safeParse({ ...good, org: 'acme' }).success)
})
