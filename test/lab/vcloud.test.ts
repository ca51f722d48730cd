// What is done to a machine in the lab's vCloud Director happens to the node, and a fence there is a real one.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { answers } from '../../lab/answers.ts'
import { enterLab } from '../../lab/enter.ts'
import { causeFault } from '../../lab/faults.ts'
import { vcloudAddress } from '../../lab/network.ts'
import { startWorld, type World } from '../../lab/world.ts'
import { Secret } from '../../src/core/secret.ts'
import { waitUntil } from '../../src/io/wait.ts'
import type { Fence } from '../../src/core/fence.ts'
import type { Source } from '../../src/providers/provider.ts'
import { vcloud } from '../../src/providers/vcloud/index.ts'

await enterLab()

let world: World
let source: Source
let fence: Fence
before(async () => {
  world = await startWorld({ sources: ['web-1'], targets: 'none', host: 'vcloud', files: 10 })
  const { url, keys, user, password, fingerprint } = world.host ?? assert.fail()
  const config = vcloud.schema.parse({ kind: 'vcloud', url, ...keys, user, password: new Secret(password), tls: { fingerprint } })
  source = (await vcloud.source?.('old', config)) ?? assert.fail()
  fence = (await vcloud.fence?.('old', config)) ?? assert.fail()
})
after(async () => {
  await source.close()
  await fence.close()
  await world.stop()
})

const soon = () => AbortSignal.timeout(60_000)

async function machine() {
  return (await source.nodes(soon())).nodes.find(({ name }) => name === 'web-1') ?? assert.fail('web-1 is there')
}

async function answersSsh(wanted: boolean): Promise<void> {
  const asked = async () => ((await answers(world.source('web-1').address, 22)) === wanted ? true : null)
  await waitUntil(asked, { what: `ssh ${wanted ? 'answering' : 'silent'}`, deadlineMs: 30_000, everyMs: 50, signal: soon() })
}

test('the CLI lists its machines from the configuration of the world', async () => {
  const { stdout, stderr, exitCode } = await world.lifeboat(['inventory', 'old', '--json'])
  assert.equal(exitCode, 0, stderr)
  assert.match(stdout, /"kind":"vcloud".*"complete":true/)
})

test('a machine that is fenced is not reachable, and is again when the fence is lifted', async () => {
  const { id } = await machine()
  await fence.fence(id, soon())
  await answersSsh(false)
  assert.equal(await fence.isFenced(id, soon()), true)
  await fence.unfence(id, soon())
  await answersSsh(true)
  assert.equal(await fence.isFenced(id, soon()), false)
})

test('a machine that is switched off loses its power, and gets it back', async () => {
  const { id } = await machine()
  const node = world.source('web-1')
  await source.power(id, 'off', soon())
  await node.until('off')
  await source.power(id, 'on', soon())
  await node.until('on')
  await node.ready()
})

test('a power cut as a fault shows in its inventory', async () => {
  await causeFault(world, 'web-1', 'power-cut')
  assert.equal((await machine()).power, 'off')
  await causeFault(world, 'web-1', 'none')
  assert.equal((await machine()).power, 'on')
})

test('a dead vCloud Director accepts connections and answers nothing until it is mended', async () => {
  await causeFault(world, 'host', 'host-dead')
  assert.equal(await answers(vcloudAddress, 443), true)
  const enough = new Error('enough')
  const over = new AbortController()
  const reading = source.nodes(over.signal)
  setImmediate(() => over.abort(enough))
  await assert.rejects(reading, enough)
  await causeFault(world, 'host', 'none')
  assert.equal((await machine()).name, 'web-1')
  assert.deepEqual(world.complaints, [])
})
