// The end of a source that can be switched off but not unplugged: what is told must be true.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { kinds } from '../../../src/adapters.ts'
import { retire } from '../../../src/app/retire.ts'
import { parseConfig } from '../../../src/config/load.ts'
import { bindSecrets } from '../../../src/config/references.ts'
import { Secret } from '../../../src/core/secret.ts'
import { soon } from '../../support/failures.ts'
import { password, startService, user } from './lab.ts'

async function retired(t: TestContext, disturb: (control: (where: string, order: object) => Promise<void>) => Promise<void>): Promise<string> {
  const service = await startService(t)
  await disturb(service.control)
  const text = `project: shop\nproviders:\n  first: { kind: terremark, url: "${service.url}", user: ${user}, password: env:FIRST_PASSWORD }\n`
  const config = bindSecrets(parseConfig({ text, baseFolder: '/' }, kinds).document, new Map([['env:FIRST_PASSWORD', new Secret(password)]]))
  return retire(config, { provider: 'first', id: '14000' }, soon())
}

test('a source that cannot be unplugged is told to be off and plugged in still', async (t) => {
  assert.match(await retired(t, async () => {}), /^The source is off, and nothing of it was deleted\. It is still plugged in: .*cannot unplug/)
})

test('a source that cannot even be switched off is told to stay as it is', async (t) => {
  const text = await retired(t, (control) => control('/status', { path: '/power/', code: 403 }))
  assert.match(text, /^The source stays as it is: .*refuses to stop 14000 .* Switch it off by hand/)
})
