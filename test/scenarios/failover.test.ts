// Scenario 54: the source dies while its copy is kept in step. It is fenced, the target serves, what is lost is said before; and
// a source that somebody brings back closes by itself.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()
const { at, answersWithin, setScene } = await import('../support/scenario.ts')
const { leftNothing } = await import('../support/ending.ts')
const { oneSideServes, speakTo } = await import('../support/sides.ts')
const { causeFault } = await import('../../lab/faults.ts')

const last = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { readonly code?: string; readonly message?: string }

test('a source that died is fenced before its target serves, what is lost is known, and it closes should it come back', async (t) => {
  const scene = await setScene({ host: 'vsphere' })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const customers = scene.customers(5)

  await t.test('before there is a copy nothing can be failed over to', async () => {
    const { exitCode, stdout } = await scene.begin('failover', 'web-1', '--yes', '--json')
    assert.deepEqual([exitCode, last(stdout).code], [2, 'move-unknown'], stdout)
  })

  await t.test('the source hangs, cut off from everybody: the move waits, and says so', async () => {
    assert.equal((await scene.begin('migrate', '--json')).exitCode, 4)
    await source.linkDown()
    const silent = await scene.record(({ step, state, text }) => step === 'await-approval' && state === 'waiting' && text.includes('is not kept in step'))
    assert.match(silent.text, new RegExp(source.address.replaceAll('.', String.raw`\.`)))
  })

  await t.test('while its provider does not answer nobody can say that it is fenced: nothing is promoted', async () => {
    await causeFault(scene, 'host', 'host-503')
    const { exitCode, stdout } = await scene.begin('failover', 'web-1', '--yes', '--json')
    assert.deepEqual([exitCode, last(stdout).code], [4, 'fence-unconfirmed'], stdout.slice(-1500))
    assert.equal((await target.attempt('systemctl is-active shop.service')).stdout.trim() === 'active', false)
    await causeFault(scene, 'host', 'none')
  })

  await t.test('told to fail over it has the source fenced by its provider, reads that back, and the target serves', async () => {
    const before = (await scene.journal()).at(-1)?.seq ?? 0
    const { exitCode, stdout, stderr } = await scene.begin('failover', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
    const steps = (await scene.journal()).filter(({ seq, state }) => seq > before && state === 'done').map(({ step }) => step)
    const order = ['decide-failover', 'fence-source', 'confirm-fence', 'measure-loss', 'promote-target', 'check-target', 'commit-switch', 'switch-dns']
    assert.deepEqual(
      steps.filter((step) => order.includes(step)),
      order,
    )
    assert.equal(source.power(), 'off')
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [target.address])
    await answersWithin(target.address, 2000)
  })

  await t.test('what was acknowledged before the last complete pass is there; what came later was told as lost', async () => {
    const loss = await scene.record(at('measure-loss', 'done'))
    const complete = Date.parse(String(loss.details['complete']))
    const figures = await customers.stop()
    const acknowledgedAt = new Map(customers.read().map(({ id, at: asked, ms }) => [id, asked + ms]))
    const lost = Object.values(await scene.lostWrites(figures)).flat()
    t.diagnostic(`${lost.length} of ${Object.values(figures.acknowledged).flat().length} acknowledged writes lost; ${loss.text}`)
    assert.deepEqual(
      lost.filter((id) => (acknowledgedAt.get(id) ?? 0) < complete),
      [],
    )
  })

  await t.test('there is no way back to what is older than what is served', async () => {
    const { exitCode, stdout } = await scene.begin('rollback', 'web-1', '--yes', '--json')
    assert.deepEqual([exitCode, last(stdout).code], [4, 'rollback-impossible'], stdout)
    assert.match(String(last(stdout).message), /was fenced and given up/)
  })

  await t.test('somebody brings the source back: it closes by itself, its services stop, and only the target serves', async () => {
    scene.killController()
    await causeFault(scene, 'web-1', 'power-on')
    await source.linkUp()
    await source.ready()
    const closed = async () => {
      const line = await speakTo(scene, source)
      const hello = await line.call({ op: 'hello' })
      await line.close()
      return hello['role'] === 'closed' ? true : null
    }
    await waitUntil(closed, { what: 'Closing', deadlineMs: 30_000, everyMs: 200, signal: AbortSignal.timeout(60_000) })
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    await source.attempt('systemctl start shop.service')
    assert.equal((await source.attempt('systemctl is-active shop.service')).stdout.trim() === 'active', false)
  })

  await t.test('finished, nothing of ours is left but what keeps the source closed', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('finish', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    await leftNothing(scene)
  })
})
