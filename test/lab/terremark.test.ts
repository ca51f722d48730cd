// What is switched in the simulated vCloud Express happens to the node, and the other way round.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { causeFault } from '../../lab/faults.ts'
import { startWorld, type World } from '../../lab/world.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Source } from '../../src/providers/provider.ts'
import { terremark } from '../../src/providers/terremark/index.ts'

await enterLab()

let world: World
let source: Source
before(async () => {
  world = await startWorld({ sources: ['web-1'], targets: 'none', host: 'terremark', files: 10 })
  assert.ok(world.host && terremark.source)
  const { url, user, password, fingerprint } = world.host
  source = await terremark.source('old', terremark.schema.parse({ kind: 'terremark', url, user, password: new Secret(password), tls: { fingerprint } }))
})
after(async () => {
  await source.close()
  await world.stop()
})

const soon = (): AbortSignal => AbortSignal.timeout(60_000)
const powerOfWeb1 = async (): Promise<string | undefined> => (await source.nodes(soon())).nodes.find(({ name }) => name === 'web-1')?.power

test('a machine that the source switches off loses its power, and gets it back', async () => {
  const { nodes } = await source.nodes(soon())
  const web1 = nodes.find(({ name }) => name === 'web-1')
  assert.deepEqual([nodes.length, web1?.power, web1?.hints?.map(({ key }) => key)], [23, 'on', ['ports', 'names']])
  const node = world.source('web-1')
  await source.power(web1?.id ?? '', 'off', soon())
  await node.until('off')
  await source.power(web1?.id ?? '', 'on', soon())
  await node.until('on')
  await node.ready()
})

test('tokens that die end a reading as what they are, and mended it goes on', async () => {
  await world.host?.control('/expire', { path: '/vapp/', count: 1_000_000 })
  await assert.rejects(source.nodes(soon()), { code: 'source-session-lost' })
  await causeFault(world, 'host', 'none')
  assert.equal(await powerOfWeb1(), 'on')
})

test('a power cut as a fault shows at the service', async () => {
  await causeFault(world, 'web-1', 'power-cut')
  assert.equal(await powerOfWeb1(), 'off')
  await causeFault(world, 'web-1', 'none')
  assert.equal(await powerOfWeb1(), 'on')
  assert.deepEqual(world.complaints, [])
})
