import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nodeSchema } from '../../src/core/node.ts'
import type { PlannedMove } from '../../src/core/plan.ts'
import { staticProvider, staticSchema } from '../../src/providers/static.ts'

const config = staticSchema.parse({
  kind: 'static',
  nodes: [
    { name: 'web-9', address: '192.0.2.9', cpus: 2 },
    { name: 'db-9', id: 'd9', address: '2001:db8::9', port: 2222 },
  ],
})
const { signal } = new AbortController()

describe('nodes that are a list in the configuration', () => {
  it('are an inventory in which nothing is guessed', async () => {
    const source = await staticProvider.source?.('iron', config)
    assert.ok(source)
    const { nodes, complete, warnings } = await source.nodes(signal)
    assert.deepEqual([nodes.map(({ id }) => id), complete, warnings], [['web-9', 'd9'], true, []])
    const web = nodeSchema.parse(nodes[0])
    assert.deepEqual([web.addresses, web.cpus, web.memoryMiB, web.power], [['192.0.2.9'], 2, null, 'unknown'])
    assert.deepEqual(web.unknown, ['disks', 'firmware', 'hostname', 'memoryMiB', 'nics', 'os', 'path', 'power', 'snapshots', 'tools'])
  })

  it('cannot be switched, copied or disconnected, and say so', async () => {
    const source = await staticProvider.source?.('iron', config)
    assert.ok(source)
    await assert.rejects(source.power('d9', 'off', signal), {
      code: 'source-refused',
      message: /^The nodes of iron are a list in the configuration; switching them /,
    })
    await assert.rejects(source.snapshot('d9', 'before', signal), { code: 'source-refused' })
    await assert.rejects(source.network('d9', 'disconnected', signal), { code: 'source-refused' })
    await source.close()
    await source.close()
  })

  it('are targets that exist already: nothing to create, nothing to pay, never thrown away', async () => {
    const target = await staticProvider.target?.('iron', config, 'shop')
    assert.ok(target)
    assert.deepEqual([target.catalog().sizes, target.shared], [[], null])
    // Of a planned move only the address of its target is looked at.
    const move = { to: { address: '192.0.2.9' } } as PlannedMove
    const outputs = await target.component(move, {
      owner: { project: 'shop', stack: 'nodes-web-9', move: 'web-9', run: '1' },
      shared: {},
      data: {},
      authorizedKeys: [],
    })
    assert.deepEqual(target.address(outputs), { public: '192.0.2.9', private: null })
    assert.throws(() => target.address({ address: null }), { code: 'provision-failed' })
    assert.equal(await target.holdsData(outputs, signal), true)
  })
})
