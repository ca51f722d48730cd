// Scenario 1 with other faults than the death of the controller: a name server or a vCenter that is gone, the database of
// the journal restarted, the disk of the state folder full, a clock an hour off, states of other versions. Each comes when
// a step is announced and goes a little later; then the move goes on by itself, or a command has told in one sentence why
// it ended, and the same command given again goes on. A normal run draws one fault and one step by a seed that it prints;
// LIFEBOAT_FAULT=all runs all of them, LIFEBOAT_FAULT=disk-full that one at its steps, LIFEBOAT_FAULT=disk-full:seal-source
// at that step alone; several are separated by commas.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { seedOfRun } from '../support/draw.ts'
import { drawnFault, faultCases, type Command, type FaultCase } from '../support/fault-cases.ts'

const seed = seedOfRun()
await enterLab()
const { stateOf } = await import('../support/blow.ts')
const { faults } = await import('../support/blows.ts')
const { databaseOf } = await import('../support/moment.ts')
const { setCase } = await import('../support/scenario.ts')
const { through, toldWell } = await import('../support/through.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean, leftNothing } = await import('../support/ending.ts')
const { allAnswered, failedRequests, longestHoldMs, oneSideServes } = await import('../support/sides.ts')

const perSecond = 10
/** The budget of the lab, 2 s to undo, and 3 s for a machine that does much else. */
const heldWithinMs = 25_000
const wanted = process.env['LIFEBOAT_FAULT'] ?? ''
const cases = wanted === '' ? [drawnFault(seed)] : faultCases.flatMap(chosen)

function chosen({ blows, ...one }: FaultCase): FaultCase[] {
  const left = blows.filter(({ step }) => wanted === 'all' || wanted.split(',').some((each) => `${one.fault}:${step}`.startsWith(each)))
  return left.length === 0 ? [] : [{ ...one, blows: left }]
}

for (const { fault, title, blows } of cases) {
  test(`${title}, at ${blows.map(({ step }) => step).join(', ')}: nothing is lost, and the move comes to its end`, async (t) => {
    const { spec = {}, prepare = async () => null } = faults[fault]
    const scene = await setCase(t, fault, spec)
    const url = (await prepare(scene, t)) ?? databaseOf(stateOf(scene))
    const customers = scene.customers(perSecond)
    // A target that is made on the way has no address yet.
    const prober = scene.cloud === null ? startProber(scene) : null
    const first = await scene.begin('status', '--json')
    assert.equal(first.exitCode, 0, first.stdout + first.stderr)
    const left = new Set(blows)
    const play = async (command: Command) => {
      const now = [...left].filter((blow) => blow.command === command)
      for (const blow of now) left.delete(blow)
      const answered = async () => await allAnswered(customers, perSecond)
      await through({ scene, url, fault: faults[fault], tell: (text) => t.diagnostic(text), answered }, command, now)
    }

    const turns = ['source', 'target']
    await play('migrate')
    if (blows.some(({ command }) => command === 'rollback')) {
      await play('rollback')
      assert.equal(await oneSideServes(scene, 'web-1'), 'source')
      await play('migrate')
      turns.push('source', 'target')
    }
    // In a cloud the name has the public address of the node, which knows a private one.
    const named = (await scene.names?.addressesOf('www.shop.example')) ?? []
    assert.deepEqual(
      named.map((address) => scene.nodeAt(address)?.machineId),
      [scene.target('web-1').machineId],
      named.join(),
    )
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    if (prober !== null) assert.deepEqual(await prober.stop(), { lost: [], turns })
    const figures = await customers.stop()
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    const holds = await Promise.all((['source', 'target'] as const).map(async (side) => await longestHoldMs(scene[side]('web-1'))))
    t.diagnostic(`held for at most ${holds.join(' and ')} ms`)
    assert.ok(Math.max(...holds) < heldWithinMs, `the source held for ${holds[0]} ms, the target for ${holds[1]} ms`)
    await toldWell(scene)
    if (!blows.some(({ command }) => command === 'finish')) return await finishClean(scene)
    await play('finish')
    await leftNothing(scene)
  })
}
