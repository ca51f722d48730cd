// What a source does to machines beyond the promises that all sources share.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { Secret } from '../../../src/core/secret.ts'
import { childrenOf, readXml, textAt } from '../../../src/io/xml.ts'
import type { Connection } from '../../../src/providers/https-api.ts'
import { vsphere } from '../../../src/providers/vsphere/index.ts'
import { machineOf, setPower } from '../../../src/providers/vsphere/power.ts'
import { connect as connectTo, type Session } from '../../../src/providers/vsphere/soap.ts'
import { runTask } from '../../../src/providers/vsphere/tasks.ts'
import { rewrites } from '../../support/faults.ts'
import { withoutVcsim, type Vcsim } from '../../support/vcsim.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { calls, openSource, startProxy, startShop, type At } from './lab.ts'

function connect(t: TestContext, vcsim: Vcsim, at: At = vcsim): Connection<Session> {
  const login = { service: 'The vCenter', url: at.url, user: vcsim.user, password: new Secret(vcsim.password) }
  const connection = connectTo(login, { fingerprint: at.fingerprint })
  t.after(() => connection.close())
  return connection
}

async function idOf(t: TestContext, vcsim: Vcsim, name: string): Promise<string> {
  const { nodes } = await (await openSource(t, vcsim)).nodes(soon())
  return nodes.find((node) => node.name === name)?.id ?? ''
}

describe('power and network', { skip: withoutVcsim }, () => {
  test('a guest that does not hear is switched off', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(t, vcsim)
    const source = await openSource(t, vcsim, proxy)
    const id = await idOf(t, vcsim, 'web-1')
    await vcsim.order('/fault', { method: 'ShutdownGuest', type: 'Generic', count: 1 })
    await source.power(id, 'off', soon())
    assert.deepEqual([calls(proxy, 'ShutdownGuest'), calls(proxy, 'PowerOffVM_Task')], [1, 1])
    assert.equal((await source.nodes(soon())).nodes.find((node) => node.id === id)?.power, 'off')
  })

  test('a guest that hears but does not end is switched off when its time is over', async (t) => {
    const vcsim = await startShop(t)
    const deaf = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><ShutdownGuestResponse xmlns="urn:vim25"/></e:Body></e:Envelope>'
    const proxy = await startProxy(t, vcsim, async ({ forward }, { body }) =>
      body.includes('<ShutdownGuest ') ? { status: 200, headers: {}, body: deaf } : forward(),
    )
    const id = await idOf(t, vcsim, 'web-1')
    await connect(t, vcsim, proxy).run((session) => setPower(session, id, 'off', soon(), { guestMs: 200, readBackMs: 60_000 }), soon())
    assert.equal(calls(proxy, 'PowerOffVM_Task'), 1)
  })

  test('an order that was taken and does not show is no success', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(
      t,
      vcsim,
      rewrites((text) => text.replaceAll('poweredOff', 'poweredOn')),
    )
    const id = await idOf(t, vcsim, 'web-1')
    const off = connect(t, vcsim, proxy).run((session) => setPower(session, id, 'off', soon(), { guestMs: 100, readBackMs: 100 }), soon())
    await assert.rejects(off, failsWith('source-refused', /took the order to stop vm-\d+, but that did not show within 0\.1 s\.$/))
  })

  test('a guest that ends by itself is not switched off', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(t, vcsim)
    const source = await openSource(t, vcsim, proxy)
    await source.power(await idOf(t, vcsim, 'web-1'), 'off', soon())
    assert.equal(calls(proxy, 'PowerOffVM_Task'), 0)
  })

  test('a machine that is as wanted is not touched', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(t, vcsim)
    const source = await openSource(t, vcsim, proxy)
    await source.power(await idOf(t, vcsim, 'web-1'), 'on', soon())
    await source.power(await idOf(t, vcsim, 'orders'), 'off', soon())
    await source.network(await idOf(t, vcsim, 'web-1'), 'connected', soon())
    for (const method of ['PowerOnVM_Task', 'PowerOffVM_Task', 'ShutdownGuest', 'ReconfigVM_Task']) assert.equal(calls(proxy, method), 0, method)
  })

  test('a suspended machine is not switched off: its memory would be lost', async (t) => {
    const vcsim = await startShop(t)
    const id = await idOf(t, vcsim, 'web-1')
    const connection = connect(t, vcsim)
    const options = { act: 'suspend it', signal: soon() }
    assert.equal(await connection.run((session) => runTask(session, 'SuspendVM_Task', machineOf(id), '', options), soon()), null)
    const source = await openSource(t, vcsim)
    await assert.rejects(source.power(id, 'off', soon()), failsWith('source-refused', /would lose the memory of vm-\d+/))
    const { nodes } = await source.nodes(soon())
    assert.equal(nodes.find((node) => node.id === id)?.power, 'suspended')
    await source.power(id, 'on', soon())
  })

  test('a task that fails is an error with what the server says', async (t) => {
    const vcsim = await startShop(t)
    const id = await idOf(t, vcsim, 'orders')
    const fault = await connect(t, vcsim).run((session) => runTask(session, 'PowerOffVM_Task', machineOf(id), '', { act: 'stop it', signal: soon() }), soon())
    assert.equal(fault?.type, 'InvalidPowerState')
  })

  test('a card is changed with everything that it had sent back, in the order of the schema', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(t, vcsim)
    const source = await openSource(t, vcsim, proxy)
    await source.network(await idOf(t, vcsim, 'web-1'), 'disconnected', soon())
    await source.network(await idOf(t, vcsim, 'web-1'), 'disconnected', soon())
    const sent = proxy.asked.filter(({ body }) => body.includes('<ReconfigVM_Task '))
    assert.equal(sent.length, 1)
    const [change] = readXml(sent[0]?.body ?? '', 'We').children.flatMap((body) => body.children.flatMap((call) => childrenOf(call, 'spec')))
    const device = change?.children[0]?.children.find(({ name }) => name === 'device')
    assert.equal(device?.type, 'VirtualVmxnet3')
    assert.equal(textAt(device, 'macAddress'), '00:50:56:aa:bb:01')
    assert.equal(device?.children.find(({ name }) => name === 'backing')?.type, 'VirtualEthernetCardNetworkBackingInfo')
    const order = ['key', 'deviceInfo', 'backing', 'connectable', 'slotInfo', 'controllerKey', 'unitNumber', 'numaNode', 'addressType', 'macAddress']
    const places = (device?.children ?? []).map(({ name }) => order.indexOf(name)).filter((place) => place >= 0)
    assert.deepEqual(
      places,
      places.toSorted((one, other) => one - other),
    )
    assert.ok(places.length >= 6)
  })

  test('a fenced machine stays fenced over a restart', async (t) => {
    const vcsim = await startShop(t)
    const { url, user, password, fingerprint } = vcsim
    const config = vsphere.schema.parse({ kind: 'vsphere', url, user, password: new Secret(password), tls: { fingerprint } })
    const fence = await vsphere.fence?.('old', config)
    const id = await idOf(t, vcsim, 'web-1')
    assert.equal(await fence?.isFenced(id, soon()), false)
    await fence?.fence(id, soon())
    assert.equal(await fence?.isFenced(id, soon()), true)
    const source = await openSource(t, vcsim)
    await source.power(id, 'off', soon())
    assert.equal(await fence?.isFenced(id, soon()), true)
    await source.power(id, 'on', soon())
    const { nodes } = await source.nodes(soon())
    assert.deepEqual(
      nodes.find((node) => node.id === id)?.nics.map(({ connected }) => connected),
      [false],
    )
    assert.equal(await fence?.isFenced(id, soon()), true)
  })

  test('a machine whose devices are not shown is never believed to be fenced', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(t, vcsim, async ({ forward }) => {
      const answer = await forward()
      return { ...answer, body: answer.body.replaceAll(/<propSet><name>config\.hardware<\/name>.*?<\/val><\/propSet>/g, '') }
    })
    const source = await openSource(t, vcsim, proxy)
    const id = await idOf(t, vcsim, 'web-1')
    await assert.rejects(source.network(id, 'disconnected', soon()), failsWith('source-refused', /does not show the devices of vm-\d+/))
  })
})
