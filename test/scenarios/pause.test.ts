// A pause holds back even what was approved beforehand, and keeps syncing; an approval ends it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean } = await import('../support/ending.ts')

test('a paused move does not cut over although it was begun with --yes, until it is approved', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const prober = startProber(scene)
  assert.equal((await scene.begin('migrate', '--yes', '--detach')).exitCode, 0)
  assert.equal((await scene.begin('pause', 'web-1')).exitCode, 0)
  const waiting = await scene.record(at('await-approval', 'waiting'))
  assert.equal(waiting.details['waitingFor'], 'approval')
  assert.ok(!(await scene.journal()).some(at('hold-clients', 'started')))
  const approved = await scene.begin('approve', 'web-1')
  assert.equal(approved.exitCode, 0, approved.stderr)
  assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.target('web-1').address])
  assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
  await finishClean(scene)
})
