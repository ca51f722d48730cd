import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { findConfig } from '../../src/config/find.ts'
import { parseConfig, readConfig } from '../../src/config/load.ts'
import { bindSecrets } from '../../src/config/references.ts'
import { jsonSchema, type Config } from '../../src/config/schema.ts'
import { Secret } from '../../src/core/secret.ts'
import { kinds, small } from './kinds.ts'

const page = join(import.meta.dirname, 'whole-page.yaml')
describe('lifeboat.yaml', () => {
  it('may use everything that the page of interfaces promises', async () => {
    const { document, references } = await readConfig(page, kinds)
    assert.equal(document.state, join(import.meta.dirname, '.lifeboat'))
    assert.equal(document.defaults.downtimeBudget, 20_000)
    assert.deepEqual(document.defaults.ssh?.key, { file: join(homedir(), '.ssh/id_ed25519') })
    assert.deepEqual(document.moves['web-1']?.ports.at(-1), { port: 25, protocol: 'tcp', proxyProtocol: true })
    assert.deepEqual(document.watch.policy.drillWithin, 14 * 86_400_000)
    assert.deepEqual(
      references.find(({ path }) => path === 'dns.zone.key.secret'),
      { reference: 'env:TSIG', path: 'dns.zone.key.secret', line: 12 },
    )
    assert.equal(references.length, 8)
  })

  it('needs no more than a project, one provider and nothing else', () => {
    const { document } = parseConfig(
      { text: 'project: shop\nproviders:\n  iron: { kind: static, nodes: [{ name: a, address: 192.0.2.1 }] }\n', baseFolder: '/srv' },
      kinds,
    )
    assert.equal(document.state, '/srv/.lifeboat')
    assert.deepEqual(document.limits, { perSource: 4, perTarget: 8, startsPerHour: 20 })
    assert.equal(document.server.listen, '127.0.0.1:8420')
  })

  it('is found in this folder or above, or by its name', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'lifeboat-config-'))
    test.after(() => rm(folder, { recursive: true }))
    await mkdir(join(folder, 'a/b'), { recursive: true })
    await assert.rejects(findConfig(join(folder, 'a/b')), { code: 'config-missing' })
    await writeFile(join(folder, 'lifeboat.yaml'), small)
    assert.equal(await findConfig(join(folder, 'a/b')), join(folder, 'lifeboat.yaml'))
    assert.equal(await findConfig(folder, 'other.yaml'), join(folder, 'other.yaml'))
    await assert.rejects(readConfig(join(folder, 'other.yaml'), kinds), { code: 'config-missing' })
  })

  it('crosses a socket as text, folder and values, and is the same on the other side', async () => {
    const here = await readConfig(page, kinds)
    const request: unknown = JSON.parse(
      JSON.stringify({
        text: here.text,
        baseFolder: here.baseFolder,
        secrets: Object.fromEntries(here.references.map(({ reference }) => [reference, `value of ${reference}`])),
      }),
    )
    const { text, baseFolder, secrets } = request as { text: string; baseFolder: string; secrets: Record<string, string> }
    const there = parseConfig({ text, baseFolder }, kinds)
    assert.deepEqual(there.references, here.references)
    const config = bindSecrets(there.document, new Map(Object.entries(secrets).map(([reference, value]) => [reference, new Secret(value)])))
    assert.equal(config.database?.reveal(), 'value of env:DATABASE_URL')
    assert.equal(passwordOf(config).reveal(), 'value of env:VC_PASSWORD')
    assert.equal(config.watch.observers[0]?.token?.reveal(), 'value of env:PARIS')
    assert.doesNotMatch(inspect(config, { depth: 20 }), /value of/)
  })

  it('says which value is missing when one is needed that nobody has brought', () => {
    const { document } = parseConfig({ text: small, baseFolder: '/srv' }, kinds)
    const config = bindSecrets(document, new Map())
    assert.throws(() => passwordOf(config).reveal(), {
      code: 'credentials-needed',
      message: 'The value of env:VC_PASSWORD is not here.',
    })
  })

  it('has a JSON Schema with descriptions, in which secrets are references and nothing else is allowed', () => {
    const schema = JSON.stringify(jsonSchema(kinds))
    assert.match(schema, /"password":\{[^}]*"description":"password of that user"[^}]*"pattern":"\^\(env\|file\|command\):\."/)
    assert.match(schema, /"downtimeBudget":\{[^}]*"type":"string"/)
    assert.match(schema, /"additionalProperties":false/)
    assert.match(schema, /"const":"static"/)
  })
})

function passwordOf({ providers }: Config): Secret {
  const password = providers['old']?.['password']
  return password instanceof Secret ? password : assert.fail('is no secret')
}
