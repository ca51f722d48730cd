// Scenario 1: kill -9 of the controller at every boundary of every step; the same command again ends well. Each case is
// a world of its own. A normal run draws three cases by a seed that it prints; LIFEBOAT_CRASH=all runs all of them,
// LIFEBOAT_CRASH=seal-source:done those whose name begins so, LIFEBOAT_SEED repeats a draw.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { seedOfRun } from '../support/draw.ts'
import type { Scene } from '../support/scenario.ts'

const seed = seedOfRun()
await enterLab()
const { crashCases, drawnCases } = await import('../support/crash-cases.ts')
const { setCase } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean, leftNothing } = await import('../support/ending.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')

const wanted = process.env['LIFEBOAT_CRASH'] ?? ''
const cases = wanted === '' ? drawnCases(seed) : crashCases.filter(({ step, state }) => wanted === 'all' || `${step}:${state}`.startsWith(wanted))

const wordsOf = {
  migrate: ['migrate', '--yes', '--json'],
  rollback: ['rollback', 'web-1', '--yes', '--json'],
  finish: ['finish', 'web-1', '--yes', '--json'],
  rehearse: ['migrate', 'web-1', '--rehearse', '--yes', '--json'],
} as const

const endings = { migrate: finishClean, rehearse: finishClean, finish: leftNothing, rollback: async () => await Promise.resolve() } as const

/** Nothing of a rehearsal is left once the move has gone on. */
async function approveRehearsed(scene: Scene): Promise<void> {
  const { exitCode, stdout, stderr } = await scene.begin('approve', 'web-1', '--yes', '--json')
  assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
  assert.equal(await scene.target('web-1').run('grep rehearsal /proc/self/mountinfo; ls /run/systemd/system | grep rehearsal; true'), '')
}

for (const { command, step, state } of cases) {
  test(`a controller killed when ${step} is ${state} is followed by one that brings ${command} to its end`, async (t) => {
    const scene = await setCase(t, `${step}-${state}`)
    const customers = scene.customers(10)
    const prober = startProber(scene)
    const moments = await openMoments(scene)
    t.after(async () => await moments.close())
    const args = wordsOf[command]
    if (command === 'rollback' || command === 'finish') {
      const there = await scene.begin('migrate', '--yes', '--json')
      assert.equal(there.exitCode, 0, there.stdout.slice(-1500) + there.stderr)
    }

    // To finish, the old address must be quiet.
    if (command === 'finish') assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    const first = scene.begin(...args)
    await moments.at(step, state)
    scene.killController()
    await moments.pass()
    assert.equal((await first).exitCode, 3, 'the terminal says that the controller is gone')
    let again = await scene.begin(...args)
    // An attempt to go back that lost its controller is over, and the next word begins another one.
    if (/could not go back now/.test(again.stdout)) again = await scene.begin(...args)
    // The run may come to its end before the command is heard; then it says so.
    if (!/is finished/.test(again.stdout)) assert.equal(again.exitCode, 0, again.stdout.slice(-1500) + again.stderr)

    if (command === 'rehearse') await approveRehearsed(scene)

    const side = command === 'rollback' ? 'source' : 'target'
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene[side]('web-1').address])
    assert.equal(await oneSideServes(scene, 'web-1'), side)
    if (command !== 'finish') {
      const turns = command === 'rollback' ? ['source', 'target', 'source'] : ['source', 'target']
      assert.deepEqual(await prober.stop(), { lost: [], turns })
    }
    const figures = await customers.stop()
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    await endings[command](scene)
  })
}
