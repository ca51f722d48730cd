// Scenarios 49 and 13: going back from every phase, and what was off stays off on the way. A normal run draws two phases
// of the switch by a seed that it prints; LIFEBOAT_SCENARIOS=all walks through all of them,
// LIFEBOAT_BACK=freeze-source,switch-dns only these, LIFEBOAT_SEED repeats a draw.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { StepName } from '../../src/core/runbook.ts'
import { enterLab } from '../../lab/enter.ts'
import { draw, seedOfRun } from '../support/draw.ts'

const seed = seedOfRun()
await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')

const inTheSwitch = ['hold-clients', 'freeze-source', 'final-sync', 'verify-data', 'seal-source', 'promote-target', 'check-target', 'commit-switch'] as const
const afterIt = ['release-clients', 'switch-dns', 'watch-target'] as const

/** All of them, those that were asked for, or two of the first and one of the second. */
function drawn(): readonly StepName[] {
  const wanted = process.env['LIFEBOAT_BACK']?.split(',')
  if (wanted !== undefined) return [...inTheSwitch, ...afterIt].filter((step) => wanted.includes(step))
  if (process.env['LIFEBOAT_SCENARIOS'] === 'all') return [...inTheSwitch, ...afterIt]
  return [draw(inTheSwitch, 0, seed), draw(inTheSwitch, 1, seed), draw(afterIt, 2, seed)]
}

test('going back, phase by phase', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const timer = async (node: typeof source) => (await node.attempt('systemctl is-active shop-cron.timer')).stdout.trim()
  await source.run('systemctl stop shop-cron.timer')
  const customers = scene.customers(10)
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const atHome = async () => {
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [source.address])
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    assert.deepEqual(failedRequests(customers), [])
  }

  await t.test('while it waits for its time, and for approval after a pause: the source was never touched, the copy stays', async () => {
    const inTwoHours = new Date(Date.now() + 7_200_000).toISOString().replace(/\.\d+/, '')
    // It says once more what it waits for when it has said something else meanwhile.
    const waitsFor = async (what: string, after = 0) =>
      await scene.record((record) => at('await-approval', 'waiting')(record) && record.details['waitingFor'] === what, { after })
    assert.equal((await scene.begin('migrate', '--at', inTwoHours)).exitCode, 4)
    const asked = await waitsFor('approval')
    const another = await scene.begin('approve', 'web-1', '--digest', 'ffffffffffffffff', '--json')
    assert.deepEqual([another.exitCode, (JSON.parse(another.stdout) as { code: string }).code], [4, 'plan-changed'])
    const approving = scene.begin('approve', 'web-1', '--digest', String(asked.details['plan']))
    const approved = await waitsFor('window', asked.seq)
    const second = await scene.begin('approve', 'web-1', '--json')
    assert.deepEqual([second.exitCode, (JSON.parse(second.stdout) as { code: string }).code], [4, 'not-now'])
    assert.equal(approved.details['opensAt'], new Date(inTwoHours).toISOString())
    scene.killController()
    assert.equal((await approving).exitCode, 3)
    const moving = scene.begin('migrate')
    const still = await waitsFor('window', approved.seq)
    assert.equal((await scene.begin('pause', 'web-1')).exitCode, 0)
    await waitsFor('approval', still.seq)
    const back = await scene.begin('rollback', 'web-1', '--yes')
    assert.equal(back.exitCode, 0, back.stderr)
    // It was watched by somebody who cannot be asked.
    assert.equal((await moving).exitCode, 4)
    await atHome()
    assert.notEqual((await target.run('ls -A /srv/shop')).trim(), '')
  })

  for (const step of drawn()) {
    await t.test(`asked for before ${step}`, async () => {
      const moving = scene.begin('migrate', '--yes')
      await moments.at(step, 'started')
      const backing = scene.begin('rollback', 'web-1', '--yes')
      await moments.told('rollback')
      await moments.pass()
      const back = await backing
      assert.equal(back.exitCode, 0, back.stdout + back.stderr)
      assert.equal((await moving).exitCode, 5)
      await atHome()
    })
  }

  await t.test('a timer that was off before the move is off on both sides after it', async () => {
    assert.equal(await timer(source), 'inactive')
    const soon = new Date(Math.ceil(Date.now() / 1000 + 30) * 1000).toISOString().replace('.000', '')
    const there = await scene.begin('migrate', '--yes', '--at', soon)
    assert.equal(there.exitCode, 0, there.stderr)
    const held = (await scene.journal()).findLast(at('hold-clients', 'started'))
    assert.ok(Date.parse(held?.at ?? '') >= Date.parse(soon), `held at ${held?.at}, not before ${soon}`)
    assert.deepEqual([await timer(source), await timer(target)], ['inactive', 'inactive'])
  })

  await t.test('no request failed and no acknowledged write was lost in all that, and never did both sides accept one', async () => {
    const figures = await customers.stop()
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    const { lost, turns } = await prober.stop()
    // There and back for each phase after the commit, and there.
    const committed = (await scene.journal()).filter(({ step, state }) => step.startsWith('commit-switch') && state === 'done').length
    assert.deepEqual([lost, turns.length], [[], committed + 1])
    await finishClean(scene)
    const verified = await scene.begin('report', 'web-1', '--verify')
    assert.deepEqual([verified.exitCode, /^web-1: \d+ records, whole, head /.test(verified.stdout)], [0, true], verified.stdout)
  })
})
