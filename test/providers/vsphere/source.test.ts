// The source against the simulated vCenter.
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { describe, test } from 'node:test'
import { exitStatusOf } from '../../../src/core/errors.ts'
import { startVcsim, withoutVcsim } from '../../support/vcsim.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { calls, openSource, startProxy, startShop } from './lab.ts'

describe('a vCenter', { skip: withoutVcsim }, () => {
  test('a shop is read as it was set up', async (t) => {
    const source = await openSource(t, await startShop(t, ['-page-cap', '2']))
    const { nodes, complete, warnings } = await source.nodes(soon())
    assert.deepEqual({ complete, warnings }, { complete: true, warnings: [] })
    assert.deepEqual(
      nodes.map(({ path, power }) => [path, power]),
      [
        ['/DC0/vm/shop/front/web-1', 'on'],
        ['/DC0/vm/shop/front/web-2', 'on'],
        ['/DC0/vm/shop/orders', 'off'],
      ],
    )
    const [web1, web2, orders] = nodes
    assert.deepEqual(web1, {
      id: web1?.id,
      name: 'web-1',
      path: '/DC0/vm/shop/front/web-1',
      power: 'on',
      template: false,
      cpus: 2,
      memoryMiB: 4096,
      disks: [
        { label: web1?.disks[0]?.label, sizeMiB: 40960, usedMiB: null },
        { label: web1?.disks[1]?.label, sizeMiB: 1024, usedMiB: null },
      ],
      nics: [{ mac: '00:50:56:aa:bb:01', network: 'VM Network', connected: true, addresses: ['192.0.2.10'] }],
      os: { family: 'linux', id: 'debian12_64Guest', name: 'Debian GNU/Linux 12 (64-bit)' },
      hostname: 'web-1',
      addresses: ['192.0.2.10'],
      firmware: 'efi',
      tools: 'running',
      snapshots: 0,
      labels: {},
      hazards: [],
      unknown: ['disks.usedMiB'],
    })
    assert.deepEqual([web2?.os.id, web2?.addresses], ['ubuntu64Guest', ['2001:db8::2']])
    assert.deepEqual([orders?.firmware, orders?.tools, orders?.addresses, orders?.unknown], ['bios', 'stopped', [], ['addresses', 'disks.usedMiB']])
  })

  test('more machines than a page holds come complete', async (t) => {
    const vcsim = await startVcsim(t, ['-vm', '53', '-page-cap', '100'])
    const proxy = await startProxy(t, vcsim)
    const { nodes, complete } = await (await openSource(t, vcsim, proxy)).nodes(soon())
    assert.deepEqual([nodes.length, complete, calls(proxy, 'ContinueRetrievePropertiesEx')], [106, true, 1])
    assert.ok(nodes.every(({ path }) => path?.startsWith('/DC0/vm/')))
  })

  test('a single ESXi host is read like a vCenter, and its machines are switched off and on', async (t) => {
    const source = await openSource(t, await startVcsim(t, ['-esx', '-vm', '3', '-page-cap', '2']))
    const { nodes, complete, warnings } = await source.nodes(soon())
    // It answers no tags over REST, and names no tags that could be missing.
    assert.deepEqual({ complete, warnings }, { complete: true, warnings: [] })
    assert.deepEqual(
      nodes.map(({ path, power }) => [path, power]),
      [0, 1, 2].map((number) => [`/ha-datacenter/vm/ha-host_VM${number}`, 'on']),
    )
    assert.ok(nodes.every(({ cpus, memoryMiB, disks, nics }) => cpus !== null && memoryMiB !== null && disks.length > 0 && nics.length > 0))
    const [first] = nodes
    assert.ok(first && source.power)
    for (const power of ['off', 'on'] as const) {
      await source.power(first.id, power, soon())
      assert.equal((await source.nodes(soon())).nodes[0]?.power, power)
    }
  })

  test('a wrong password is one, exit 3, and is told nowhere', async (t) => {
    const vcsim = await startShop(t)
    const password = 'c4nary-wr0ng-passw0rd'
    await assert.rejects((await openSource(t, { ...vcsim, password })).nodes(soon()), (error) => {
      assert.ok(failsWith('source-login', /user or password is wrong/)(error))
      assert.equal(exitStatusOf('source-login'), 3)
      assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes('c4nary'))
      return true
    })
  })

  test('a vCenter that is gone is unreachable, exit 3', async (t) => {
    const vcsim = await startShop(t)
    await vcsim.stop()
    await assert.rejects(
      (await openSource(t, vcsim)).nodes(soon()),
      failsWith('source-unreachable', /^The vCenter 127\.0\.0\.1:\d+ \(old\) cannot be reached: nothing listens there/),
    )
    assert.equal(exitStatusOf('source-unreachable'), 3)
  })

  test('a vCenter that is busy for a while is waited for', async (t) => {
    const vcsim = await startShop(t)
    await vcsim.order('/status', { code: 503, count: 3 })
    assert.equal((await (await openSource(t, vcsim)).nodes(soon())).nodes.length, 3)
  })

  test('an account without rights is refused with the right that it needs', async (t) => {
    const vcsim = await startShop(t)
    const source = await openSource(t, vcsim)
    const id = (await source.nodes(soon())).nodes[0]?.id ?? ''
    await vcsim.order('/fault', { method: 'ReconfigVM_Task', type: 'NoPermission', count: 1 })
    await assert.rejects(
      source.network(id, 'disconnected', soon()),
      failsWith('source-refused', /does not let this account disconnect the network of vm-\d+: it needs \S+\.$/),
    )
    await vcsim.order('/fault', { method: 'ShutdownGuest', type: 'NoPermission', count: 1 })
    await assert.rejects(source.power(id, 'off', soon()), failsWith('source-refused', /does not let this account stop vm-\d+/))
  })

  test('a password of any characters logs in, and appears in nothing that comes back', async (t) => {
    const password = 'c4nary <&>"\'é🚢 ]]>'
    const vcsim = await startShop(t, [], password)
    const source = await openSource(t, vcsim)
    const answer = await source.nodes(soon())
    assert.ok(!JSON.stringify(answer).includes('c4nary'))
    assert.ok(!inspect(source, { depth: 10, showHidden: true }).includes('c4nary'))
  })

  test('a server that repeats the password in its complaint does not get it printed', async (t) => {
    const vcsim = await startShop(t, [], 'c4nary-1')
    const proxy = await startProxy(t, vcsim, async ({ forward }, { body }) => {
      if (!body.includes('<Login ')) return forward()
      const said =
        '<e:Fault><faultcode>x</faultcode><faultstring>no user ops with c4nary-1</faultstring><detail><StrangeFault xmlns="urn:vim25"/></detail></e:Fault>'
      return { status: 500, headers: {}, body: `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>${said}</e:Body></e:Envelope>` }
    })
    await assert.rejects((await openSource(t, vcsim, proxy)).nodes(soon()), (error) => {
      assert.ok(failsWith('source-refused', /no user ops with \[secret\]/)(error))
      return !inspect(error, { depth: 10, showHidden: true }).includes('c4nary')
    })
  })
})
