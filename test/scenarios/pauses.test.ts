// Scenarios 8 to 13 and 16: a controller that slept, and messages of the past. The nodes and the names refuse both.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { oneSideServes, speakTo } = await import('../support/sides.ts')

/** Lease of 5 s and 2 s to undo. */
const aloneWithinMs = 7000

test('a controller that slept through its lease finds every door shut', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const customers = scene.customers(10)
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  let running = scene.begin('migrate', '--yes', '--json')

  /** Stops the controller before this step until the source has ended the attempt; answers how the step went then. */
  const sleepBefore = async (step: string, meanwhile: () => Promise<void> = async () => undefined) => {
    await moments.at(step, 'started')
    const since = (await scene.journal()).at(-1)?.seq ?? 0
    await meanwhile()
    process.kill(scene.controllerPid(), 'SIGSTOP')
    await moments.pass()
    await answersWithin(source.address, aloneWithinMs)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    process.kill(scene.controllerPid(), 'SIGCONT')
    const ended = await scene.record((record) => record.step === step && (record.state === 'failed' || record.state === 'done'), { after: since })
    await scene.record(at('attempt', 'undone'), { after: ended.seq })
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    return ended
  }

  await t.test('before the seal: the seal is refused', async () => {
    const ended = await sleepBefore('seal-source')
    assert.equal(ended.state, 'failed')
    assert.equal(ended.details['code'], 'attempt-over')
  })

  await t.test('before the promotion: the promotion is refused', async () => {
    const ended = await sleepBefore('promote-target', async () => {
      const { token, facts } = await moments.known()
      const line = await speakTo(scene, source)
      const stale = { op: 'unseal', attempt: facts.attempt - 1, reason: 'person' }
      await assert.rejects(line.call({ ...stale, token }), { code: 'attempt-over' }, 'an unseal of the attempt before')
      await assert.rejects(line.call({ ...stale, attempt: facts.attempt, token: token - 1 }), { code: 'token-stale' }, 'an unseal of an execution before')
      assert.equal((await line.call({ op: 'hello' }))['phase'], 'sealed')
      await line.close()
    })
    assert.equal(ended.state, 'failed')
  })

  await t.test('before the commit: the commit is refused', async () => {
    const ended = await sleepBefore('commit-switch')
    assert.equal(ended.state, 'failed')
  })

  await t.test('three attempts in a row failed, so a person decides', async () => {
    const { exitCode, stdout } = await running
    assert.equal(exitCode, 4, stdout.slice(-1500))
    running = scene.begin('approve', 'web-1', '--yes', '--json')
  })

  await t.test('before the names are switched, and somebody else changed them meanwhile: they stay as they are', async () => {
    await moments.at('switch-dns', 'started')
    process.kill(scene.controllerPid(), 'SIGSTOP')
    await moments.pass()
    process.kill(scene.controllerPid(), 'SIGCONT')
    const { exitCode, stdout, stderr } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
  })

  await t.test('no customer has lost anything', async () => {
    const figures = await customers.stop()
    assert.equal(figures.failed, 0)
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [target.address])
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  })
})
