// What `lifeboat inventory` lists when nobody names a provider.
import assert from 'node:assert/strict'
import test from 'node:test'
import { openDesk } from '../support/cli.ts'

const providers = `
  iron: { kind: static, nodes: [ { name: web-1, address: 192.0.2.1 } ] }
  tin: { kind: static, nodes: [ { name: web-1, address: 192.0.2.2 } ] }`

test('before there are moves every provider that could be left is listed, afterwards those that moves come from', async (t) => {
  const desk = await openDesk(t)
  const listed = async () => {
    const { exitCode, stdout, stderr } = await desk.lifeboat(['inventory', '--json'])
    assert.equal(exitCode, 0, stdout + stderr)
    return stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { provider: string }).provider)
  }
  await desk.write(`project: shop\nproviders:${providers}\n`)
  assert.deepEqual(await listed(), ['iron', 'tin'])
  await desk.write(`project: shop\nproviders:${providers}\nmoves:\n  web-1: { from: { provider: iron, name: web-1 }, to: { provider: tin, node: web-1 } }\n`)
  assert.deepEqual(await listed(), ['iron'])
})
