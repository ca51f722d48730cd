// The target of a fail-over dies before it serves (runbook.md §6): the source stays fenced, and nobody serves, until somebody who
// knows that the target is off says so. What the target may have decided counts no more, and it hears that.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { cable } from '../support/cable.ts'

await enterLab()
const { answersWithin, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { startProber } = await import('../support/prober.ts')
const { oneSideServes, speakTo } = await import('../support/sides.ts')

/** First copies and silent nodes, on a machine that has much else to do. */
const longMs = 240_000

test('a target that dies before it serves leaves a way out, and no second writer', async (t) => {
  const scene = await setScene({ config: { moves: { 'web-1': { fence: [cable] } } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const inSync = async () => assert.equal((await scene.begin('migrate', '--json')).exitCode, 4)
  const isRefused = async (args: readonly string[], words: RegExp) => {
    const { exitCode, stdout } = await scene.begin(...args, '--json')
    assert.equal(exitCode, 4, stdout.slice(-2000))
    assert.match(stdout, /"code":"other-side-silent"/)
    assert.match(stdout, words)
  }
  const letGo = async () => {
    const { exitCode, stdout, stderr } = await scene.begin('rollback', 'web-1', '--target-is-off', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-2000) + stderr)
    assert.match(stdout, /said at 20.* that the target is off/)
    await answersWithin(source.address, 20_000)
  }

  await t.test('while it was not asked to take over the source is let go on that word alone, and nothing is lost', async () => {
    await inSync()
    await source.linkDown()
    const running = isRefused(['failover', 'web-1', '--yes'], /The source stays fenced and the target does not answer.*was not asked to take over yet/)
    await moments.at('check-target', 'started', longMs)
    await target.powerCut()
    await moments.pass()
    await running
    await isRefused(['rollback', 'web-1', '--yes'], /lifeboat rollback MOVE --target-is-off/)
    await letGo()
    await target.powerOn()
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source'] })
  })

  await t.test('one that had taken over unheard hears that it did not count, and closes', async () => {
    await inSync()
    await source.linkDown()
    const running = isRefused(['failover', 'web-1', '--yes'], /was asked to take over, and may have done so/)
    await moments.at('commit-switch', 'started', longMs)
    const { token, facts } = await moments.known()
    const line = await speakTo(scene, target)
    await line.call({ op: 'commit', token, attempt: facts.attempt })
    await target.powerCut()
    await moments.pass()
    await line.close()
    await running
    await letGo()
    await target.powerOn()
    const closed = async () => ((await target.attempt('grep -c overruled /var/lib/lifeboat/web-1/state.json')).stdout.trim() === '1' ? true : null)
    await waitUntil(closed, { what: 'That the target closes', deadlineMs: 120_000, everyMs: 200, signal: AbortSignal.timeout(130_000) })
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  })
})
