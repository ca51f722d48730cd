// A target that fails, in its watch window, a check that the source passed: the move goes back by itself where that was
// asked for, once; and one that nobody finishes is reminded of.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')
const { oneSideServes } = await import('../support/sides.ts')

const check = { command: 'test ! -e /run/broken' }

test('a target that gets worse than the source was is left again, once; a move that is not finished is reminded of', async (t) => {
  const finish = { policy: 'auto-rollback', watchFor: '6s', remindAfter: '1s' }
  const scene = await setScene({ names: false, config: { moves: { 'web-1': { finish, checks: [{ http: 'http://{address}/health' }, check] } } } })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())

  await t.test('it goes back by itself, and says why', async () => {
    const moving = scene.begin('migrate', '--yes', '--json')
    await moments.at('watch-target', 'started')
    await target.run('touch /run/broken')
    await moments.pass()
    const { exitCode, stdout } = await moving
    assert.equal(exitCode, 5, stdout.slice(-2000))
    assert.match(stdout, /fails a check that the source passed: `test ! -e \/run\/broken` succeeds.*Going back \(finish\.policy: auto-rollback\)/)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    await target.run('rm /run/broken')
  })

  await t.test('where it could not, it is not tried again: a person decides', async () => {
    const moving = scene.begin('migrate', '--yes', '--json')
    await moments.at('watch-target', 'started')
    const after = (await scene.journal()).at(-1)?.seq ?? 0
    await target.run('touch /run/broken')
    // Without room for what the target has, the source cannot be gone back to.
    await source.run('fallocate -l $(($(df --output=avail -B1 /srv | tail -1) - 8388608)) /srv/filler')
    await moments.pass()
    const undone = await scene.record(at('attempt', 'undone'), { after })
    assert.deepEqual([undone.details['serves'], undone.details['at']], ['target', 'check-ready-back'])
    const failed = await scene.record(at('watch-target', 'failed'), { after: undone.seq })
    assert.equal(failed.details['code'], 'gate-closed')
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    await Promise.all([source.run('rm /srv/filler'), target.run('rm /run/broken')])
    assert.equal((await moving).exitCode, 0)
  })

  await t.test('while nobody finishes it, that is said again and again', async () => {
    const isReminder = ({ text }: { readonly text: string }): boolean => /^Switched \d+ s ago and not finished/.test(text)
    const first = await scene.record(isReminder)
    const second = await scene.record(isReminder, { after: first.seq })
    assert.deepEqual([first.details['waitingFor'], second.details['waitingFor']], ['finish', 'finish'])
    assert.notEqual(first.text, second.text)
    const { lost } = await prober.stop()
    assert.deepEqual(lost, [])
    await finishClean(scene)
  })
})
