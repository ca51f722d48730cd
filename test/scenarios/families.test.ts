// Both nodes have both families, and the nodes reach each other by IPv6.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { installUdp, udpPort, udpUnit } = await import('../support/datagrams.ts')
const { startEveryWay } = await import('../support/every-way.ts')
const { addressesOfName, pointName, serialOf } = await import('../support/zone.ts')
const { startProber } = await import('../support/prober.ts')
const { oneSideServes } = await import('../support/sides.ts')
const { shopNodes } = await import('../../lab/shop/nodes.ts')

test('a name with A and AAAA goes to a node that is reached by IPv6, in one transaction, and comes back', async (t) => {
  const { address, address6, targetAddress, targetAddress6, dnsName } = shopNodes['web-1']
  const [old, iron] = [address6, targetAddress6].map((six) => ({ nodes: [{ name: 'web-1', address: six, cpus: 1, memoryMiB: 1024 }] }))
  const move = { services: ['shop.service', udpUnit], ports: [80, `${udpPort}/udp`] }
  const scene = await setScene({ six: 'both', config: { providers: { old, iron }, moves: { 'web-1': move } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const names = scene.names ?? assert.fail()
  await pointName(names, dnsName, [address, address6])
  for (const node of [source, target]) await installUdp(node)
  await source.run(`systemctl start ${udpUnit}`)
  const acceptsRoutes = async () => (await source.run('cat /proc/sys/net/ipv6/conf/eth0/accept_ra')).trim()
  assert.equal(await acceptsRoutes(), '1')
  const ways = await startEveryWay(scene)
  t.after(async () => void (await ways.stop()))
  const prober = startProber(scene)
  const serial = await serialOf(names)

  const there = await scene.begin('migrate', '--yes', '--json')
  assert.equal(there.exitCode, 0, there.stdout.slice(-1500) + there.stderr)
  assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  assert.deepEqual(await addressesOfName(names, dnsName), [targetAddress6, targetAddress])
  assert.equal(await serialOf(names), serial + 2, 'one change claims the name, one switches it')
  assert.equal(await acceptsRoutes(), '2', 'a node that forwards goes on listening to its router')
  await ways.leadTo('new-web-1')

  const back = await scene.begin('rollback', 'web-1', '--yes', '--json')
  assert.equal(back.exitCode, 0, back.stdout.slice(-1500) + back.stderr)
  assert.deepEqual(await addressesOfName(names, dnsName), [address, address6])
  assert.equal(await serialOf(names), serial + 3)
  assert.equal(await acceptsRoutes(), '1')
  await ways.leadTo('web-1')

  assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target', 'source'] })
  const { failed, turns } = await ways.stop()
  assert.deepEqual(failed, [])
  assert.deepEqual(turns, Array(2).fill(['web-1', 'new-web-1', 'web-1']))
})
