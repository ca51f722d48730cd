// Nodes without nft: holding, guarding and forwarding are done with iptables, beside the rules that Docker writes there.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')
const { publishByDocker } = await import('../support/docker.ts')
const { installUdp, udpPort, udpUnit } = await import('../support/datagrams.ts')
const { order } = await import('../support/callers.ts')
const { startEveryWay } = await import('../support/every-way.ts')
const { narrowWay } = await import('../support/narrow-way.ts')
const { clients } = await import('../../lab/network.ts')

test('a node without nft moves and goes back by iptables: no request fails, no write is lost, and its chains are gone afterwards', async (t) => {
  const move = { services: ['shop.service', udpUnit], ports: [80, `${udpPort}/udp`] }
  const scene = await setScene({ six: 'sources', config: { moves: { 'web-1': move } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  for (const node of [source, target]) {
    await node.run('mv "$(command -v nft)" /root/nft.away')
    await Promise.all([publishByDocker(node, 'iptables'), installUdp(node)])
  }
  await source.run(`systemctl start ${udpUnit}`)
  // Before anybody comes: a way that changes ends the translated connections on it.
  await narrowWay(source, target.address)
  const customers = scene.customers(10)
  const ways = await startEveryWay(scene)
  t.after(async () => void (await ways.stop()))
  const prober = startProber(scene)
  const chains = async (node: typeof source) => (await node.run('{ iptables-save; ip6tables-save; } | grep -c LIFEBOAT_ || true')).trim()

  const there = await scene.begin('migrate', '--yes', '--json')
  assert.equal(there.exitCode, 0, there.stdout.slice(-1500) + there.stderr)
  assert.notEqual(await chains(source), '0', 'the source forwards')
  assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  await ways.leadTo('new-web-1')
  assert.equal(await order(source.address, clients[2], 'large', 1_000_000), 'new-web-1')
  const back = await scene.begin('rollback', 'web-1', '--yes', '--json')
  assert.equal(back.exitCode, 0, back.stdout.slice(-1500) + back.stderr)
  assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target', 'source'] })
  await ways.leadTo('web-1')
  const { failed, turns } = await ways.stop()
  assert.deepEqual(failed, [])
  assert.deepEqual(turns, Array(2).fill(['web-1', 'new-web-1', 'web-1']))

  const again = await scene.begin('migrate', '--yes', '--json')
  assert.equal(again.exitCode, 0, again.stdout.slice(-1500) + again.stderr)
  const figures = await customers.stop()
  assert.deepEqual(failedRequests(customers), [])
  assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  await finishClean(scene)
  assert.equal(await chains(target), '0')
})
