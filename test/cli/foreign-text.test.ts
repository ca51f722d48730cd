// What providers say, on its way through the real command line: it moves no cursor, and no password comes out of it.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { inventorySchema } from '../../src/core/node.ts'
import type { ExecResult } from '../../src/io/exec.ts'
import { oddNames, renamed, type Weather } from '../conformance/bad-input.ts'
import { weather as terremark } from '../providers/terremark/lab.ts'
import { weather as vcloud } from '../providers/vcloud/lab.ts'
import { weather as vsphere } from '../providers/vsphere/lab.ts'
import { openDesk } from '../support/cli.ts'
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts'
import { rewrites } from '../support/faults.ts'
import { withoutVcsim } from '../support/vcsim.ts'

const kinds: readonly (readonly [name: string, weather: Weather])[] = Object.entries({ vsphere, vcloud, terremark })
const always = Number.POSITIVE_INFINITY
/** Everything but line breaks that a terminal would obey or turn round. */
const unsafe = /[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}]/u

type Scene = { readonly folder: string; readonly proxies: ReadonlyMap<string, FaultProxy>; readonly run: (...args: string[]) => Promise<ExecResult> }

/** All providers in one lifeboat.yaml, each behind a proxy. */
async function scene(t: TestContext): Promise<Scene> {
  const desk = await openDesk(t)
  const proxies = new Map<string, FaultProxy>()
  for (const [name, { start }] of kinds) proxies.set(name, await startFaultProxy(t, await start(t)))
  const lines = kinds.map(([name, { keys }]) => {
    const { url, fingerprint } = proxies.get(name) ?? assert.fail()
    return `  ${name}: { ${keys}, password: env:${name.toUpperCase()}, url: "${url}", tls: { fingerprint: "${fingerprint}" } }\n`
  })
  await desk.write(`project: shop\nproviders:\n${lines.join('')}`)
  const environment = Object.fromEntries(kinds.map(([name, { password }]) => [name.toUpperCase(), password]))
  return { folder: desk.folder, proxies, run: async (...args) => await desk.lifeboat(args, environment) }
}

test('odd names are shown without what moves a cursor or turns the reading, and --json has them whole', { skip: withoutVcsim }, async (t) => {
  const { proxies, run } = await scene(t)
  const odd = Object.values(oddNames).join(' ').toWellFormed()
  for (const proxy of proxies.values()) proxy.strike({ times: always, with: rewrites(renamed('web-1', odd)) })
  const [table, json] = [await run('inventory'), await run('inventory', '--json')]
  assert.deepEqual([table.exitCode, json.exitCode], [0, 0], table.stderr)
  for (const text of [table.stdout, table.stderr, json.stdout, json.stderr]) assert.ok(!unsafe.test(text), JSON.stringify(unsafe.exec(text)))
  for (const line of table.stdout.split('\n')) assert.ok(line.length < 400, `${line.length} characters in one line`)
  assert.ok(!table.stdout.includes('\\u'), 'people are not shown escapes')
  const lines = json.stdout.trim().split('\n')
  assert.equal(lines.length, kinds.length)
  for (const line of lines) assert.ok(inventorySchema.parse(JSON.parse(line)).nodes.some(({ name }) => name === odd))
})

const canary = 'cAnArY-7f3'
const planted = `<AdminPassword>${canary}</AdminPassword><CustomizationScript>echo ${canary}</CustomizationScript><!-- ${canary} -->`

test('no password of an answer, nor our own, reaches output, errors, logs or state', { skip: withoutVcsim }, async (t) => {
  const { folder, proxies, run } = await scene(t)
  const shown: string[] = []
  const tell = async (exit: number, ...args: string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await run(...args)
    assert.equal(exitCode, exit, stdout + stderr)
    shown.push(stdout, stderr)
    return stdout
  }
  const plant = (text: string): string => text.replaceAll(/(?=<\/(?:\w+:)?(?:objects|returnval|Vm|VApp|Org|Vdc|QueryResultRecords)>)/g, planted)
  for (const proxy of proxies.values()) proxy.strike({ times: always, with: rewrites(plant) })
  assert.match(await tell(0, 'inventory', '--json'), /"complete":true.*\n.*"complete":true.*\n.*"complete":true/)
  await tell(0, 'inventory', '--verbose')
  for (const [name, { list, refuses, password }] of kinds) {
    const proxy = proxies.get(name) ?? assert.fail()
    proxy.calm()
    proxy.strike({ on: list, times: always, with: refuses(`${password} is wrong, its password: ${canary}\u001B[2J`) })
    const failure = await tell(3, 'inventory', name, '--json', '--verbose')
    assert.match(failure, /"code":"source-refused".*\[secret\].*\[secret\]/)
    await tell(3, 'inventory', name, '--verbose')
  }
  const left = filesIn(folder).map((file) => readFileSync(file, 'latin1'))
  assert.ok(left.length > 100, `${left.length} files were looked through`)
  const passwords = kinds.flatMap(([, { password }]) => [password, JSON.stringify(password).slice(1, -1)])
  for (const text of [...shown, ...left]) for (const secret of [canary, ...passwords]) assert.ok(!text.includes(secret), text.slice(0, 500))
  for (const text of shown) assert.ok(!unsafe.test(text), JSON.stringify(text.slice(0, 500)))
})

function filesIn(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name))
  return names.filter((name) => statSync(name, { throwIfNoEntry: false })?.isFile() === true)
}
