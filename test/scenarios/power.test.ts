// Scenarios 18 to 25: the power of a node goes in the middle of a switch. What it does when it comes back is decided by
// what it had on its disk, and by the other side.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { LabNode } from '../../lab/node.ts'
import { enterLab } from '../../lab/enter.ts'
import type { Answer } from '../../src/nodes/channel.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')
const { oneSideServes, speakTo } = await import('../support/sides.ts')

/** Lease of 5 s and 2 s to undo, after the node answers again. */
const aloneWithinMs = 7000
/** Downtime budget of the lab and 2 s to undo. */
const budgetWithinMs = 22_000

test('a node that loses its power in a switch comes back as the verdict says, and no acknowledged write is lost', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const customers = scene.customers(5)
  const prober = startProber(scene)
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  let running = scene.begin('migrate', '--yes', '--json')

  const reboot = async (node: LabNode) => {
    await node.powerCut()
    await node.powerOn()
  }
  const recorderOf = (hello: Answer) => hello['recorder'] as { readonly running: boolean; readonly gap: boolean }
  const runs = async (node: LabNode) => (await node.attempt('systemctl is-active shop.service')).stdout.trim() === 'active'
  const helloOf = async (node: LabNode) => {
    const line = await speakTo(scene, node)
    const hello = await line.call({ op: 'hello' })
    await line.close()
    return hello
  }
  const lastSeq = async () => (await scene.journal()).at(-1)?.seq ?? 0
  const sourceServes = async (withinMs = aloneWithinMs) => {
    await answersWithin(source.address, withinMs)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  }
  const goOnUntilUndone = async () => {
    const after = await lastSeq()
    await moments.pass()
    await scene.record(at('attempt', 'undone'), { after })
    await sourceServes()
  }

  await t.test('the target while it receives: no service of the application starts there', async () => {
    await moments.at('keep-in-sync', 'started')
    await reboot(target)
    assert.equal((await helloOf(target))['role'], 'closed')
    assert.equal(await runs(target), false)
    await moments.pass()
  })

  await t.test('the source while it is frozen: it serves again, and the attempt is over', async () => {
    await moments.at('final-sync', 'started')
    await reboot(source)
    await sourceServes()
    assert.equal((await helloOf(source))['phase'], 'idle')
    await goOnUntilUndone()
  })

  await t.test('the source while it is sealed: nothing starts before the other side has made the attempt void', async () => {
    await moments.at('promote-target', 'started')
    await source.powerCut()
    await target.linkDown()
    await source.powerOn()
    assert.equal(await runs(source), false)
    assert.equal((await helloOf(source))['role'], 'closed')
    await target.linkUp()
    await sourceServes(15_000)
    assert.equal((await helloOf(source))['role'], 'open')
    await goOnUntilUndone()
  })

  await t.test('the target after its promotion: it comes back closed, the source serves', async () => {
    await moments.at('check-target', 'started')
    await reboot(target)
    assert.equal(await runs(target), false)
    assert.equal((await helloOf(target))['role'], 'closed')
    await goOnUntilUndone()
  })

  await t.test('three attempts in a row failed, so a person decides', async () => {
    const { exitCode, stdout } = await running
    assert.equal(exitCode, 4, stdout.slice(-1500))
    running = scene.begin('approve', 'web-1', '--yes', '--json')
  })

  await t.test('the target in the freeze, and it stays away: the source serves again', async () => {
    await moments.at('final-sync', 'started')
    await target.powerCut()
    const after = await lastSeq()
    await moments.pass()
    await answersWithin(source.address, budgetWithinMs)
    await target.powerOn()
    await scene.record(at('attempt', 'undone'), { after })
    await sourceServes()
  })

  await t.test('the target after the commit: it comes back open and serving', async () => {
    await moments.at('watch-target', 'started')
    await reboot(target)
    await answersWithin(target.address, aloneWithinMs)
    const hello = await helloOf(target)
    assert.equal(hello['role'], 'open')
    // What was written before the recorder ran is not in its list: it knows that, and runs before the services do.
    assert.deepEqual([recorderOf(hello).running, recorderOf(hello).gap], [true, true])
    const since = async (unit: string) => Number(await target.run(`systemctl show --value -p ActiveEnterTimestampMonotonic ${unit}`))
    assert.ok((await since('lifeboat-web-1-helper.service')) < (await since('shop.service')))
    await moments.pass()
    const { exitCode, stdout, stderr } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
  })

  await t.test('the source that forwards: it forwards again without a controller, and starts nothing', async () => {
    scene.killController()
    await reboot(source)
    await answersWithin(source.address, aloneWithinMs)
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  })

  await t.test('no acknowledged write is lost', async () => {
    const figures = await customers.stop()
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    await finishClean(scene)
  })
})
