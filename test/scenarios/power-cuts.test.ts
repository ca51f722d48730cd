// Scenarios 18 and 19, phase by phase: a node loses its power at a step and comes back. Each case is a world of its own. A
// normal run draws one case for each side by a seed that it prints; LIFEBOAT_POWER=all runs all of them,
// LIFEBOAT_POWER=target:first-sync those whose name begins so, LIFEBOAT_SEED repeats a draw.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { seedOfRun } from '../support/draw.ts'
import { drawnPowerCases, powerCases } from '../support/power-cases.ts'

const seed = seedOfRun()
await enterLab()
const { setCase } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')
const { oneSideServes } = await import('../support/sides.ts')

const wanted = process.env['LIFEBOAT_POWER'] ?? ''
const cases = wanted === '' ? drawnPowerCases(seed) : powerCases.filter(({ side, step }) => wanted === 'all' || `${side}:${step}`.startsWith(wanted))

for (const { side, step } of cases) {
  test(`a ${side} without power when ${step} begins costs no acknowledged write, and the move comes to its end`, async (t) => {
    const scene = await setCase(t, `${side}-${step}`)
    const customers = scene.customers(5)
    const prober = startProber(scene)
    const moments = await openMoments(scene)
    t.after(async () => await moments.close())

    const first = scene.begin('migrate', '--yes', '--json')
    await moments.at(step, 'started')
    await scene[side]('web-1').powerCut()
    await scene[side]('web-1').powerOn()
    await moments.pass()
    let { exitCode, stdout, stderr } = await first
    // A step that met a node without power may have failed; the same command goes on.
    for (let tries = 0; exitCode !== 0 && tries < 3; tries++) ({ exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json'))
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)

    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.target('web-1').address])
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    assert.deepEqual(await scene.lostWrites(await customers.stop()), { 'www.shop.example': [] })
    await finishClean(scene)
  })
}
