// Scenarios 30 and 27: a source that sleeps in the freeze, as a machine does that its host suspends, and one that is sealed
// while it reaches neither the target nor a controller.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import type { LabNode } from '../../lab/node.ts'
import { sleep } from '../../src/io/wait.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean } = await import('../support/ending.ts')
const { oneSideServes, speakTo } = await import('../support/sides.ts')
const { suspend } = await import('../support/weather.ts')
const { attempt } = await import('../../lab/command.ts')

/** Longer than a lease of 5 s: what a minute would show, too. */
const asleepMs = 7000
/** Lease of 5 s and 2 s to undo; what a loaded machine needs on top. */
const aloneWithinMs = 10_000
const holdLimitMs = 30_000
const reachedWithinMs = 240_000

test('a source that is left alone in the freeze neither serves beside the target nor keeps its clients for ever', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const running = scene.begin('migrate', '--yes', '--json')
  const ask = async (limitSeconds: number) =>
    await attempt('curl', ['-s', '-o', '/dev/null', '-m', String(limitSeconds), '-w', '%{time_total}', `http://${source.address}/health`])

  await t.test('suspended in the freeze for longer than its lease: the seal that waited for it is refused, and it serves again', async () => {
    await moments.at('seal-source', 'started', reachedWithinMs)
    const { token, facts } = await moments.known()
    const line = await speakTo(scene, source)
    await line.call({ op: 'hello' })
    const wake = suspend(source)
    const late = line.call({ op: 'seal', token, attempt: facts.attempt, sequence: facts.sequence, needMs: 1000 })
    late.catch(() => undefined)
    // What is tried is the time itself: nobody tells that a lease has run out on a machine that sleeps.
    await sleep(asleepMs, new AbortController().signal)
    wake()
    await assert.rejects(late, { code: 'attempt-over' })
    await line.close()
    const after = (await scene.journal()).at(-1)?.seq ?? 0
    await moments.pass()
    await scene.record(at('attempt', 'undone'), { after })
    await answersWithin(source.address, aloneWithinMs)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  })

  await t.test('sealed, cut off from the target, and the controller is killed: both stay closed, and nobody waits beyond the limit', async () => {
    await moments.at('promote-target', 'started', reachedWithinMs)
    const held = ask(60)
    await target.run(`ip route add blackhole ${source.address}/32`)
    scene.killController()
    await moments.pass()
    // Nothing may happen now: well after the lease and before the limit both are looked at.
    await sleep(holdLimitMs / 2, new AbortController().signal)
    assert.deepEqual([await rolesOf(source), await rolesOf(target)], ['closed inactive', 'closed inactive'])
    const { exitCode, stdout } = await held
    assert.ok(exitCode !== 0 && Number(stdout) < holdLimitMs / 1000 + 2, `held for ${stdout} s, ended with ${exitCode}`)
    const refused = await ask(10)
    assert.ok(refused.exitCode !== 0 && Number(refused.stdout) < 2, `${refused.stdout} s, ended with ${refused.exitCode}`)
    assert.deepEqual([await rolesOf(source), await rolesOf(target)], ['closed inactive', 'closed inactive'])
  })

  await t.test('the link is back: the attempt is void, the source serves, and the move comes to its end', async () => {
    await target.run(`ip route del blackhole ${source.address}/32`)
    await answersWithin(source.address, aloneWithinMs)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    assert.equal((await running).exitCode, 3)
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    await finishClean(scene)
  })

  /** Role and service of a node, as they stand on it. */
  async function rolesOf(node: LabNode): Promise<string> {
    const closed = (await node.attempt('test -e /var/lib/lifeboat/web-1/closed')).exitCode === 0 ? 'closed' : 'open'
    return `${closed} ${(await node.attempt('systemctl is-active shop.service')).stdout.trim()}`
  }
})
