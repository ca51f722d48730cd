// Scenario 50: start, back, start, finish, under live traffic.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')

test('a node moves, goes back, moves again and is finished without one failed request and without one lost write', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const customers = scene.customers(10)

  const there = await scene.begin('migrate', '--yes', '--json')
  assert.equal(there.exitCode, 0, there.stdout + there.stderr)
  assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.target('web-1').address])

  const back = await scene.begin('rollback', 'web-1', '--yes', '--json')
  assert.equal(back.exitCode, 0, back.stdout + back.stderr)
  assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.source('web-1').address])

  const again = await scene.begin('migrate', '--yes', '--json')
  assert.equal(again.exitCode, 0, again.stdout + again.stderr)
  const finished = await scene.begin('finish', 'web-1', '--yes', '--json')
  assert.equal(finished.exitCode, 0, finished.stdout + finished.stderr)

  const figures = await customers.stop()
  assert.equal(figures.failed, 0)
  assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  assert.ok(figures.requests > 100)
})
