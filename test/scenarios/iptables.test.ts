// Nodes without nft: holding, guarding and forwarding are done with iptables.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')

test('a node without nft moves and goes back by iptables: no request fails, no write is lost, and its chains are gone afterwards', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  for (const node of [source, target]) await node.run('mv "$(command -v nft)" /root/nft.away')
  const customers = scene.customers(10)
  const prober = startProber(scene)
  const chains = async (node: typeof source) => (await node.run('iptables-save -t nat | grep -c LIFEBOAT_ || true')).trim()

  const there = await scene.begin('migrate', '--yes', '--json')
  assert.equal(there.exitCode, 0, there.stdout.slice(-1500) + there.stderr)
  assert.notEqual(await chains(source), '0', 'the source forwards')
  assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  const back = await scene.begin('rollback', 'web-1', '--yes', '--json')
  assert.equal(back.exitCode, 0, back.stdout.slice(-1500) + back.stderr)
  assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target', 'source'] })

  const again = await scene.begin('migrate', '--yes', '--json')
  assert.equal(again.exitCode, 0, again.stdout.slice(-1500) + again.stderr)
  const figures = await customers.stop()
  assert.deepEqual(failedRequests(customers), [])
  assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  await finishClean(scene)
  assert.equal(await chains(target), '0')
})
