// `hooks:` of lifeboat.yaml, with the families that are built in.
import assert from 'node:assert/strict'
import test from 'node:test'
import { kinds } from '../../src/adapters.ts'
import { openHooks } from '../../src/app/watch/hooks.ts'
import { parseConfig } from '../../src/config/load.ts'
import { bindSecrets } from '../../src/config/references.ts'
import { jsonSchema } from '../../src/config/schema.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import { Secret } from '../../src/core/secret.ts'
import { nowhere } from '../conformance/hook.ts'

const page = (hook: string) => ({
  text: `project: shop\nproviders:\n  iron: { kind: static, nodes: [{ name: a, address: 192.0.2.1 }] }\nhooks:\n  prom: ${hook}\n`,
  baseFolder: '/srv',
})
const problem = (hook: string): string => {
  try {
    openHooks(parseConfig(page(hook), kinds).document, nowhere)
    return 'none'
  } catch (error) {
    assert.ok(error instanceof LifeboatError)
    return `${error.code} ${error.message}`
  }
}

test('a key is one reference, or a current and a previous one; their values are bound, and both are good', async () => {
  const one = parseConfig(page('{ family: alertmanager, bearer: env:NEW }'), kinds)
  const two = parseConfig(page('{ family: alertmanager, bearer: { current: env:NEW, previous: env:OLD }, deadMan: {} }'), kinds)
  assert.deepEqual(
    [one, two].map(({ references }) => references.map(({ reference, path }) => `${reference} ${path}`)),
    [['env:NEW hooks.prom.bearer'], ['env:NEW hooks.prom.bearer.current', 'env:OLD hooks.prom.bearer.previous']],
  )
  const values = new Map([
    ['env:NEW', new Secret('new-token')],
    ['env:OLD', new Secret('old-token')],
  ])
  const hook = openHooks(bindSecrets(two.document, values), nowhere).get('prom')
  assert.deepEqual(hook?.deadMan, { alarm: 'Watchdog', within: 600_000 })
  for (const [token, keyId] of [
    ['new-token', 'current'],
    ['old-token', 'previous'],
  ])
    assert.deepEqual(await hook?.hook.verify({ headers: { authorization: `Bearer ${token}` }, query: {}, body: Buffer.from(''), receivedAt: 0 }), {
      scheme: 'bearer',
      keyId,
      ok: true,
    })
})

test('a mistake under hooks: is told in a sentence that shows no secret', () => {
  assert.equal(
    problem('{ family: alertmanager, bearer: hunter-2 }'),
    'literal-secret hooks.prom.bearer: must be a reference to a secret (env:NAME, file:PATH, command:…), never the secret itself (line 5).',
  )
  assert.match(problem('{ family: alertmanager, bearer: { current: hunter-2 } }'), /^literal-secret hooks\.prom\.bearer\.current: must be a reference/)
  assert.match(
    problem('{ family: alertmanager, bearer: { curent: env:NEW } }'),
    /^config-unknown-key hooks\.prom\.bearer\.curent: is not known here; did you mean current\?/,
  )
  assert.match(
    problem('{ family: pagerdutty, key: env:NEW }'),
    /^config-invalid hooks\.prom\.family: must be one of alertmanager, .*; did you mean pagerduty\?/,
  )
  assert.match(problem('{ family: pagerduty }'), /^config-invalid hooks\.prom\.key: is missing/)
  assert.match(problem('{ family: alertmanager }'), /^config-invalid hooks\.prom needs either bearer: or basic:/)
  assert.match(
    problem('{ family: sns, topics: [arn:aws:sqs:eu-west-1:111111111111:x] }'),
    /^config-invalid hooks\.prom\.topics\[0\]: must be the ARN of an SNS topic/,
  )
})

test('the schema for editors knows every family, and keys as references', () => {
  const text = JSON.stringify(jsonSchema(kinds))
  for (const { shape } of kinds.hooks) assert.ok(text.includes(`"${String((shape['family'] as { value?: unknown }).value)}"`))
  assert.match(text, /"key":\{"anyOf":\[\{"type":"string","pattern":"\^\(env\|file\|command\)/)
})
