// `lifeboat status` asks a controller at once when that was brought this very lifeboat.yaml and all its secrets.
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { digestOf, readText } from '../../src/config/find.ts'
import { controllerThatKnows } from '../../src/controller/client.ts'
import { openDesk } from '../support/cli.ts'

const yaml = (project: string): string => `project: ${project}
providers:
  old: { kind: vsphere, url: https://192.0.2.1/sdk, user: shop, password: env:SHOP_PASSWORD }
`

test('status asks at once who knows this text and its secrets, and reads any other text', async (t) => {
  const desk = await openDesk(t)
  const knows = async (): Promise<boolean> => {
    const config = await readText(path.join(desk.folder, 'lifeboat.yaml'))
    const client = await controllerThatKnows(path.join(desk.folder, '.lifeboat'), digestOf(config), AbortSignal.timeout(10_000))
    client?.close()
    return client !== null
  }
  const ask = async (environment: Readonly<Record<string, string>>) => await desk.lifeboat(['status', '--json'], environment)
  const empty = '{"schema":"lifeboat.status/1","moves":[]}\n'

  await desk.write(yaml('shop'))
  assert.equal(await knows(), false, 'there is none')
  assert.equal((await ask({})).stdout, empty)
  assert.equal(await knows(), false, 'a secret is missing')
  assert.equal((await ask({ SHOP_PASSWORD: 'correct horse' })).stdout, empty)
  assert.equal(await knows(), true)
  // Nothing of it is read again: this environment could not have told the secret.
  assert.equal((await ask({})).stdout, empty)
  assert.equal(await knows(), true)

  await desk.write(yaml('other'))
  assert.equal(await knows(), false, 'it is another text')
  await desk.write('project: [')
  const { exitCode, stdout } = await ask({})
  assert.equal(exitCode, 2)
  assert.match(stdout, /"code":"config-invalid"/)
})
