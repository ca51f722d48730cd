// Scenarios 2 to 7: the controller is killed in the middle of a switch. Each time the nodes end the attempt by
// themselves; each time the next command goes on.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { failedRequests, oneSideServes, speakTo } = await import('../support/sides.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')

/** Lease of 5 s and 2 s to undo. */
const aloneWithinMs = 7000

test('a controller that is killed anywhere in the switch costs no request and no write', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const customers = scene.customers(10)
  const prober = startProber(scene)
  const source = scene.source('web-1')
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  let running = scene.begin('migrate', '--yes', '--json')

  /** Kills the controller while it writes this record; answers what it knew. Nobody starts another one yet. */
  const killAt = async (step: string, state: 'started' | 'done') => {
    await moments.at(step, state)
    const known = await moments.known()
    scene.killController()
    await moments.pass()
    return known
  }
  const goOn = async () => {
    const { exitCode, stdout } = await running
    assert.equal(exitCode, 3, `the terminal says that the controller is gone: ${stdout}`)
    running = scene.begin('migrate', '--yes', '--json')
  }
  const sourceServesAlone = async () => {
    await answersWithin(source.address, aloneWithinMs)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    assert.equal(await source.run('systemctl is-active shop.service shop-cron.timer'), 'active\nactive\n')
  }

  await t.test('while clients are held: the source answers them all again, alone', async () => {
    await killAt('freeze-source', 'started')
    await sourceServesAlone()
  })

  await t.test('after the freeze: what ran on the source runs again, alone', async () => {
    await goOn()
    await killAt('final-sync', 'started')
    await sourceServesAlone()
  })

  await t.test('in the final sync: the source serves, and the next attempt sends only changes', async () => {
    await goOn()
    await killAt('final-sync', 'done')
    await sourceServesAlone()
    await goOn()
    const third = await scene.record((record) => record.step === 'attempt' && record.text.includes('final-sync'))
    const pass = await scene.record(at('keep-in-sync', 'done'), { after: third.seq })
    assert.ok(Number(pass.details['movedFiles']) < 50, `${String(pass.details['movedFiles'])} files`)
  })

  await t.test('after three attempts in a row that failed, a person decides', async () => {
    const { exitCode, stdout } = await running
    assert.equal(exitCode, 4, stdout.slice(-2000))
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    running = scene.begin('approve', 'web-1', '--yes', '--json')
  })

  await t.test('after the seal: the source asks for the verdict, makes the attempt void and serves; a late promotion is refused', async () => {
    const { token, facts } = await killAt('promote-target', 'started')
    await sourceServesAlone()
    const target = await speakTo(scene, scene.target('web-1'))
    await assert.rejects(target.call({ op: 'promote', token, attempt: facts.attempt, seal: facts.seal }), /void|over/)
    await target.close()
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  })

  await t.test('after the promotion: the target steps down, the source serves', async () => {
    await goOn()
    await killAt('check-target', 'started')
    await sourceServesAlone()
  })

  await t.test('after the commit: the source releases its clients to the target, alone', async () => {
    await goOn()
    await killAt('commit-switch', 'done')
    await answersWithin(source.address, aloneWithinMs)
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  })

  await t.test('the move goes on to its end, and no customer has lost anything', async () => {
    await goOn()
    const { exitCode, stdout, stderr } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    const figures = await customers.stop()
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.target('web-1').address])
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    await finishClean(scene)
  })
})
