// Scenario 50: start, back, start, finish, under live traffic. And V17: what is left of us afterwards.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')
const { failedRequests } = await import('../support/sides.ts')

test('a node moves, goes back, moves again and is finished without one failed request and without one lost write', async (t) => {
  // Others give the path of the key; here its contents must do all the way.
  const scene = await setScene({ databases: true, config: { defaults: { ssh: { key: 'command:cat secrets/id_ed25519' } } } })
  t.after(async () => await scene.stop())
  const customers = scene.customers(10)
  const prober = startProber(scene)

  const source = scene.source('web-1')
  const forwardedBefore = await source.run('cat /proc/sys/net/ipv4/ip_forward')

  const there = await scene.begin('migrate', '--yes', '--json')
  assert.equal(there.exitCode, 0, there.stdout + there.stderr)
  assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.target('web-1').address])
  // The name server has no cache behind it: once it tells the new address, nobody is told the old one.
  const watched = (await scene.journal()).find(at('watch-target', 'done'))
  assert.deepEqual(watched?.details['cached'], { asked: 1, stale: 0 })

  const back = await scene.begin('rollback', 'web-1', '--yes', '--json')
  assert.equal(back.exitCode, 0, back.stdout + back.stderr)
  assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.source('web-1').address])

  const again = await scene.begin('migrate', '--yes', '--json')
  assert.equal(again.exitCode, 0, again.stdout + again.stderr)
  assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target', 'source', 'target'] })
  await finishClean(scene)

  const figures = await customers.stop()
  assert.deepEqual(failedRequests(customers), [])
  assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  assert.ok(figures.requests > 100)

  assert.equal(await source.run('cat /proc/sys/net/ipv4/ip_forward'), forwardedBefore)
})
