// The inventory of the simulated vCloud Director: complete, or honest about what is missing.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { canaries } from '../../../lab/vcloud/pages.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { calls, nodeNamed, openSource, shop, startDirector } from './lab.ts'

describe('a vCloud Director', () => {
  test('a shop is read as it was set up, and its templates are not part of it', async (t) => {
    const { nodes, complete, warnings } = await (await openSource(t, await startDirector(t))).nodes(soon())
    assert.deepEqual({ complete, warnings }, { complete: true, warnings: [] })
    assert.deepEqual(
      nodes.map(({ path, power, tools }) => [path, power, tools]),
      [
        ['/shop-vdc/front/web-1', 'on', 'unknown'],
        ['/shop-vdc/front/db-1', 'on', 'unknown'],
        ['/shop-vdc/back/mute-1', 'on', 'absent'],
        ['/shop-vdc/back/old-1', 'off', 'stopped'],
      ],
    )
    assert.deepEqual(nodes[0], {
      id: nodes[0]?.id,
      name: 'web-1',
      path: '/shop-vdc/front/web-1',
      power: 'on',
      template: false,
      cpus: 2,
      memoryMiB: 4096,
      disks: [
        { label: 'Hard disk 1', sizeMiB: 40960, usedMiB: null },
        { label: 'Hard disk 2', sizeMiB: 1024, usedMiB: null },
      ],
      nics: [
        { mac: '00:50:56:01:00:00', network: 'shop-net', connected: true, addresses: ['192.0.2.10'] },
        { mac: '00:50:56:01:00:01', network: 'shop-net', connected: true, addresses: [] },
      ],
      os: { family: 'linux', id: 'debian12_64Guest', name: 'Debian GNU/Linux 12 (64-bit)' },
      hostname: 'web-1',
      addresses: ['192.0.2.10'],
      firmware: null,
      tools: 'unknown',
      snapshots: 0,
      labels: { owner: 'shop-team' },
      hazards: [],
      hints: [{ key: 'after', value: 'db-1', text: 'Its vApp starts db-1 (1) before web-1 (2), and waits 60 s.' }],
      unknown: ['disks.usedMiB', 'firmware', 'tools'],
    })
  })

  test('however small the pages are, every machine comes once, with one call for each vApp', async (t) => {
    const director = await startDirector(t, { pageCap: 1 })
    const { nodes } = await (await openSource(t, director)).nodes(soon())
    assert.deepEqual(
      nodes.map(({ name }) => name),
      shop.map(({ name }) => name),
    )
    // Four machines and a template.
    assert.equal(calls(director, 'GET', '/api/query'), 5)
    assert.equal(director.requests.filter(({ where }) => where.startsWith('GET /api/vApp/vapp-')).length, 2)
  })

  for (const [answer, why] of [
    ['forbidden', /^front with web-1 \(vm-[\w-]+\), db-1 \(vm-[\w-]+\) is left out: .*does not let this account show vapp-/],
    ['broken', /is left out: .*answered with XML that is broken or cut off/],
  ] as const) {
    test(`a vApp that is ${answer} is told and left out, and the others are there`, async (t) => {
      const director = await startDirector(t)
      await director.control('/vapp', { name: 'front', answer })
      const { nodes, complete, warnings } = await (await openSource(t, director)).nodes(soon())
      assert.deepEqual([nodes.map(({ name }) => name), complete, warnings.map(({ code }) => code)], [['mute-1', 'old-1'], false, ['vapp-unreadable']])
      assert.match(warnings[0]?.text ?? '', why)
    })
  }

  test('when no vApp can be read, that is a failure and not an empty inventory', async (t) => {
    const director = await startDirector(t)
    for (const name of ['front', 'back']) await director.control('/vapp', { name, answer: 'forbidden' })
    await assert.rejects((await openSource(t, director)).nodes(soon()), failsWith('source-refused', /does not let this account show/))
  })

  test('no password, script or OVF property of its answers is in an inventory or a failure', async (t) => {
    const director = await startDirector(t)
    const source = await openSource(t, director)
    const { id } = await nodeNamed(source, 'web-1')
    await director.control('/vapp', { name: 'back', answer: 'broken' })
    const answer = await source.nodes(soon())
    const failure: unknown = await source.snapshot('no-such', 'x', soon()).catch((error: unknown) => error)
    const shown = [JSON.stringify(answer), inspect(answer, { depth: 20 }), inspect(failure, { depth: 20 })].join('\n')
    for (const canary of canaries) assert.ok(!shown.includes(canary), canary)
    assert.ok(shown.includes(id))
  })
})
