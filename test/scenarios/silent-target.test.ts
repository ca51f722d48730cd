// The target loses its power between seal and commit and stays away (runbook.md §3b, seal-source): the source is sealed, and
// nothing but the target's own word, its fence or a person's opens it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { statusSchema, type MoveStatus } from '../../src/core/records.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean } = await import('../support/ending.ts')
const { oneSideServes, speakTo } = await import('../support/sides.ts')

/** First copies on a machine that has much else to do. */
const longMs = 240_000

test('a source that is sealed while its target is without power opens on the word of who knows that, and the target stays closed when it is back', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const prober = startProber(scene)
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const heard = async () => ((await source.attempt('grep -c overruling /var/lib/lifeboat/web-1/state.json')).stdout.trim() === '0' ? true : null)
  const status = async (): Promise<MoveStatus> => {
    const { stdout } = await scene.begin('status', 'web-1', '--json')
    const [move] = statusSchema.parse(JSON.parse(stdout)).moves
    assert.ok(move)
    return move
  }

  await t.test('whoever watches the move is told what is the matter, and what can be done', async () => {
    const running = scene.begin('migrate', '--yes', '--json')
    await moments.at('promote-target', 'done', longMs)
    await target.powerCut()
    await moments.pass()
    const { exitCode, stdout } = await running
    assert.equal(exitCode, 4, stdout.slice(-2000))
    assert.match(stdout, /"code":"other-side-silent"/)
    const { phase, step, waitingFor, sealedAlone, rollback } = await status()
    assert.deepEqual(
      { phase, step, waitingFor, side: sealedAlone?.side, possible: rollback.possible },
      { phase: 'switch', step: 'unseal-source', waitingFor: 'verdict', side: 'source', possible: false },
    )
    assert.match((await scene.begin('status')).stdout, /lifeboat rollback web-1 --target-is-off/)
  })

  await t.test('a rollback without that word is refused, whatever else is said', async () => {
    const back = await scene.begin('rollback', 'web-1', '--yes')
    assert.equal(back.exitCode, 4, back.stdout + back.stderr)
    assert.match(back.stderr, /The source is sealed and the target has not answered since .* was not asked to take over yet/)
    assert.match(back.stderr, /Try: .*--target-is-off/)
    const without = await scene.begin('rollback', 'web-1', '--target-is-off')
    assert.equal(without.exitCode, 2, without.stdout + without.stderr)
    const other = await scene.begin('rollback', 'web-1', '--source-is-off', '--yes')
    assert.equal(other.exitCode, 4, other.stdout + other.stderr)
    assert.equal((await source.attempt('systemctl is-active shop.service')).stdout.trim(), 'inactive')
  })

  await t.test('with it the source serves again, and the journal tells who said so', async () => {
    const back = await scene.begin('rollback', 'web-1', '--target-is-off', '--yes', '--json')
    assert.equal(back.exitCode, 0, back.stdout.slice(-2000) + back.stderr)
    await answersWithin(source.address, 20_000)
    const opened = (await scene.journal()).findLast(at('unseal-source', 'undone'))
    assert.equal(opened?.details['reason'], 'person')
    assert.match(String(opened?.details['who']), /@/)
    assert.match(opened?.text ?? '', /said at 20.* that the target is off/)
    assert.equal((await status()).sealedAlone, null)
  })

  await t.test('the target stays closed when it is back, and the move is begun anew', async () => {
    await target.powerOn()
    await waitUntil(heard, { what: 'That the target has heard', deadlineMs: 120_000, everyMs: 500, signal: AbortSignal.timeout(130_000) })
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    assert.notEqual((await target.attempt('systemctl start shop.service; systemctl is-active shop.service')).stdout.trim(), 'active')
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source'] })
  })

  await t.test('one that had taken over unheard hears that it did not count, closes, and is begun anew', async () => {
    const running = scene.begin('migrate', '--yes', '--json')
    await moments.at('commit-switch', 'started', longMs)
    const { token, facts } = await moments.known()
    const line = await speakTo(scene, target)
    await line.call({ op: 'commit', token, attempt: facts.attempt })
    await target.powerCut()
    await moments.pass()
    await line.close()
    const { exitCode, stdout } = await running
    assert.equal(exitCode, 4, stdout.slice(-2000))
    assert.match(stdout, /was asked to take over, and may have done so/)
    const back = await scene.begin('rollback', 'web-1', '--target-is-off', '--yes', '--json')
    assert.equal(back.exitCode, 0, back.stdout.slice(-2000) + back.stderr)
    await answersWithin(source.address, 20_000)
    await target.powerOn()
    const closed = async () => ((await target.attempt('grep -c overruled /var/lib/lifeboat/web-1/state.json')).stdout.trim() === '1' ? true : null)
    await waitUntil(closed, { what: 'That the target closes', deadlineMs: 120_000, everyMs: 200, signal: AbortSignal.timeout(130_000) })
    await waitUntil(heard, { what: 'That the target has heard', deadlineMs: 120_000, everyMs: 500, signal: AbortSignal.timeout(130_000) })
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    const again = await scene.begin('migrate', '--yes', '--json')
    assert.equal(again.exitCode, 0, again.stdout.slice(-2000) + again.stderr)
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    await finishClean(scene)
  })
})
