// Scenarios 42 and 43, datagrams, and a narrow way: every kind of client is held and forwarded, there and back.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { startProber } = await import('../support/prober.ts')
const { openMoments } = await import('../support/moment.ts')
const { publishByDocker } = await import('../support/docker.ts')
const { installUdp, udpPort, udpUnit } = await import('../support/datagrams.ts')
const { order } = await import('../support/callers.ts')
const { startEveryWay } = await import('../support/every-way.ts')
const { addressesOfName, pointName } = await import('../support/zone.ts')
const { narrowWay } = await import('../support/narrow-way.ts')
const { clients } = await import('../../lab/network.ts')
const { shopNodes } = await import('../../lab/shop/nodes.ts')

test('a node whose port Docker publishes moves and goes back; clients by IPv4, IPv6 and datagrams notice nothing', async (t) => {
  const move = { services: ['shop.service', udpUnit], ports: [80, `${udpPort}/udp`] }
  const scene = await setScene({ six: 'sources', config: { moves: { 'web-1': move } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const { address6, dnsName } = shopNodes['web-1']
  const names = scene.names ?? assert.fail()
  await pointName(names, dnsName, [source.address, address6])
  for (const node of [source, target]) await Promise.all([publishByDocker(node, 'nft'), installUdp(node)])
  await source.run(`systemctl start ${udpUnit}`)
  // Before anybody comes: a way that changes ends the translated connections on it.
  await narrowWay(source, target.address)
  const ways = await startEveryWay(scene)
  t.after(async () => void (await ways.stop()))
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const running = scene.begin('migrate', '--yes', '--json')

  await t.test('the redirect of the hold comes before the one of Docker', async () => {
    const held = await scene.record(({ step, state }) => step === 'hold-clients' && state !== 'started')
    assert.equal(held.state, 'done', held.text)
  })

  await t.test('a new node that is up for checks only refuses clients, also where a container would answer them', async () => {
    await moments.at('commit-switch', 'started')
    try {
      await assert.rejects(order(target.address, clients[3], 'too-early'), /ECONNREFUSED/)
    } finally {
      await moments.pass()
    }
  })

  await t.test('after the switch the old address leads every client to the new node', async () => {
    const { exitCode, stdout, stderr } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    await ways.leadTo('new-web-1')
    assert.deepEqual(await addressesOfName(names, dnsName), [target.address], 'the address of a family that the new node has not is gone')
  })

  await t.test('a large request gets through a narrow way between the nodes, although nobody is told that it is narrow', async () => {
    assert.equal(await order(source.address, clients[2], 'large', 1_000_000), 'new-web-1')
  })

  await t.test('after going back the old node serves every client; no request failed, no datagram was refused, no order is lost', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('rollback', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    await ways.leadTo('web-1')
    assert.deepEqual(await addressesOfName(names, dnsName), [source.address, address6])
    const { requests, failed, acknowledged, turns } = await ways.stop()
    assert.ok(requests > 200, String(requests))
    assert.deepEqual(failed, [])
    assert.deepEqual(turns, Array(2).fill(['web-1', 'new-web-1', 'web-1']))
    const stored = new Set(await scene.ordersOn(source))
    assert.deepEqual(
      acknowledged.filter((id) => !stored.has(id)),
      [],
    )
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target', 'source'] })
  })
})
