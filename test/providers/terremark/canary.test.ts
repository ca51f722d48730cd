// Passwords that a service puts into its answers, and our own, against the real command line and all that it leaves behind.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { escapeXml } from '../../../src/io/xml.ts'
import { openDesk } from '../../support/cli.ts'
import { password, startService, user } from './lab.ts'

const canary = 'cAnArY-7f3'
const secrets = `<AdminPassword>${canary}</AdminPassword><x:DomainUserPassword>${canary}</x:DomainUserPassword><CustomizationScript>echo ${canary}</CustomizationScript>`
/** As it is, and as JSON writes it. */
const hidden = [canary, password, JSON.stringify(password).slice(1, -1)]
const section = `<Section xsi:type="VirtualHardwareSection_Type"><Item>${secrets}<ResourceType>3</ResourceType><VirtualQuantity>2</VirtualQuantity></Item></Section>`
const vapp = `<VApp name="web-1" status="4" password="${canary}">${secrets}${section}<!-- ${canary} --></VApp>`

test('no password of an answer, nor our own, reaches output, errors, logs or state', async (t) => {
  const service = await startService(t)
  const desk = await openDesk(t)
  await desk.write(`project: shop\nproviders:\n  first: { kind: terremark, url: "${service.url}", user: ${user}, password: env:FIRST_PASSWORD }\n`)
  const run = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await desk.lifeboat(args, { FIRST_PASSWORD: password })
    return stdout + stderr
  }
  await service.control('/body', { path: '/vapp/14000', body: vapp, count: 3 })
  await service.control('/body', { path: '/vapp/14001', code: 500, body: `<Error message="password is ${canary}">${secrets}</Error>`, count: 3 })
  await service.control('/body', { path: '/vapp/14002', body: `<VApp>${canary}<`, count: 3 })
  const read = [await run('inventory', 'first', '--json'), await run('inventory', 'first', '--verbose')]
  assert.match(read[0] ?? '', /"cpus":2/)
  await service.control('/body', {
    path: '/org/',
    code: 500,
    body: `<Error message="${user} sent ${escapeXml(password)}, its password: ${canary}"/>`,
    count: 3,
  })
  const refused = await run('inventory', 'first', '--json', '--verbose')
  assert.match(refused, /"code":"source-refused".*\[secret\].*\[secret\]/)
  const left = filesIn(desk.folder).map((file) => readFileSync(file, 'latin1'))
  assert.ok(left.length > 100, `${left.length} files were looked through`)
  for (const text of [...read, refused, ...left]) for (const secret of hidden) assert.ok(!text.includes(secret), text.slice(0, 500))
})

function filesIn(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name))
  return names.filter((name) => statSync(name, { throwIfNoEntry: false })?.isFile() === true)
}
