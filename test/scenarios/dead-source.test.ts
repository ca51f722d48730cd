// Scenario 51: the vCenter goes once the inventory is taken, the source goes once the move has switched.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean } = await import('../support/ending.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')
const { causeFault } = await import('../../lab/faults.ts')

test('a move needs its vCenter for the inventory only, and says what is impossible once the source is dead', async (t) => {
  const scene = await setScene({ host: 'vsphere' })
  t.after(async () => await scene.stop())
  const customers = scene.customers(5)
  const prober = startProber(scene)
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]

  await t.test('the vCenter dies after the inventory: the move switches all the same', async () => {
    assert.equal((await scene.begin('status')).exitCode, 0)
    const running = scene.begin('migrate', '--yes', '--json')
    await scene.record(at('adopt-inventory', 'done'))
    await causeFault(scene, 'host', 'host-dead')
    const { exitCode, stdout, stderr } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    const figures = await customers.stop()
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
  })

  await t.test('the source dies: rollback says that it cannot be done now, and the target serves on', async () => {
    await source.powerCut()
    const back = await scene.begin('rollback', 'web-1', '--yes', '--json')
    assert.equal(back.exitCode, 4, back.stdout.slice(-1500) + back.stderr)
    assert.match(back.stdout, /check-ready-back|rollback-impossible/)
    await answersWithin(target.address, 2000)
    assert.equal((await target.run('systemctl is-active shop.service')).trim(), 'active')
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [target.address])
  })

  await t.test('once it is known to be dead, its price says so and a rollback is refused with what remains', async () => {
    const price = async () => {
      const { stdout } = await scene.begin('status', 'web-1', '--json')
      const { moves } = JSON.parse(stdout) as { moves: { rollback: { possible: boolean; why: string } }[] }
      return moves[0]?.rollback.possible === false ? moves[0].rollback.why : null
    }
    const why = await waitUntil(price, { what: 'A price that says no', deadlineMs: 60_000, everyMs: 500, signal: AbortSignal.timeout(70_000) })
    assert.match(why, /does not answer; a new standby elsewhere, or `finish`, is what remains/)
    const back = await scene.begin('rollback', 'web-1', '--yes', '--json')
    assert.equal(back.exitCode, 4, back.stdout)
    assert.match(back.stdout, /"code":"rollback-impossible"/)
  })

  await t.test('what remains is offered: finish ends the move without the source', async () => {
    await causeFault(scene, 'host', 'none')
    await finishClean(scene)
    await answersWithin(target.address, 2000)
  })
})
