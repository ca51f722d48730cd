// A pause holds back even what was approved beforehand, and keeps syncing; an approval ends it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean } = await import('../support/ending.ts')
const { oneSideServes } = await import('../support/sides.ts')

test('a paused move does not cut over although it was begun with --yes, until it is approved', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const pause = async () => assert.equal((await scene.begin('pause', 'web-1')).exitCode, 0)

  await t.test('when the pause comes before the switch', async () => {
    assert.equal((await scene.begin('migrate', '--yes', '--detach')).exitCode, 0)
    await pause()
    const waiting = await scene.record(at('await-approval', 'waiting'))
    assert.equal(waiting.details['waitingFor'], 'approval')
    assert.ok(!(await scene.journal()).some(at('hold-clients', 'started')))
  })

  await t.test('when it comes in the switch: clients are released to the source, and the copy is kept in step', async () => {
    await moments.arm('freeze-source', 'started')
    const approved = scene.begin('approve', 'web-1')
    await moments.reached()
    await pause()
    await moments.pass()
    const ended = await scene.record(at('freeze-source', 'failed'))
    assert.match(ended.text, /pause was asked for/)
    const waiting = await scene.record(at('await-approval', 'waiting'), { after: ended.seq })
    assert.equal(waiting.details['waitingFor'], 'approval')
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.source('web-1').address])
    assert.equal((await approved).exitCode, 4)
  })

  await t.test('an approval ends it', async () => {
    const approved = await scene.begin('approve', 'web-1')
    assert.equal(approved.exitCode, 0, approved.stderr)
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.target('web-1').address])
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    await finishClean(scene)
  })
})
