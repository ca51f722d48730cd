// The target's provider refuses the machine: a quota is used up. Nothing has happened to the source, and once the quota
// is raised the same command goes on.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

const skip = process.env['LIFEBOAT_SCENARIOS'] === 'all' ? false : 'makes machines at the simulated AWS; LIFEBOAT_SCENARIOS=all runs it'
if (skip === false) await enterLab()

test('a quota of the target is told as such, and a later migrate goes on', { skip }, async (t) => {
  const { at, setScene } = await import('../support/scenario.ts')
  const { startProber } = await import('../support/prober.ts')
  const { finishClean } = await import('../support/ending.ts')
  const { causeFault } = await import('../../lab/faults.ts')
  const scene = await setScene({ targets: 'aws' })
  t.after(async () => await scene.stop())
  const customers = scene.customers(5)

  await causeFault(scene, 'cloud', 'quota')
  const refused = await scene.begin('migrate', '--yes', '--json')
  const failure = JSON.parse(refused.stdout.trimEnd().split('\n').at(-1) ?? '') as { schema: string; code: string; message: string; hint: string }
  assert.equal(failure.schema, 'lifeboat.error/1', refused.stdout)
  assert.deepEqual([refused.exitCode, failure.code], [3, 'target-refused'], refused.stdout)
  assert.match(failure.message, /^web-1: [^\n]*InstanceLimitExceeded[^\n]*\.$/)
  assert.match(failure.hint, /quota/)
  assert.doesNotMatch(refused.stdout + refused.stderr, /opens nothing|AKIALAB/)
  assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.source('web-1').address])
  assert.equal((await scene.cloud?.instances())?.length, 0)

  await causeFault(scene, 'cloud', 'none')
  const moving = scene.begin('migrate', '--yes', '--json')
  const made = await scene.record(at('provision-node', 'done'))
  const prober = startProber(scene, 'web-1', String(made.details['address']))
  const moved = await moving
  assert.equal(moved.exitCode, 0, moved.stdout + moved.stderr)
  assert.equal((await scene.cloud?.instances())?.length, 1)
  const figures = await customers.stop()
  assert.equal(figures.failed, 0)
  assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  // A machine of the cloud calls itself as its source does, so whose turn it was cannot be read from the orders.
  assert.deepEqual((await prober.stop()).lost, [])
  await finishClean(scene)
})
