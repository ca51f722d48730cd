// Scenarios 8 to 13 and 16: a controller that slept, and messages of the past. The nodes and the names refuse both.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { LabNode } from '../../lab/node.ts'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { answersWithin, at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { run } = await import('../../lab/command.ts')
const { failedRequests, oneSideServes, speakTo } = await import('../support/sides.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')

/** Lease of 5 s and 2 s to undo. */
const aloneWithinMs = 7000

test('a controller that slept through its lease finds every door shut', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const customers = scene.customers(10)
  const prober = startProber(scene)
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  let running = scene.begin('migrate', '--yes', '--json')

  const epochOf = async (name: string) => (await run('dig', ['+short', `@${scene.names?.server}`, `_lifeboat.${name}`, 'TXT'])).trim().replaceAll('"', '')
  /** What somebody else with the same key may do to the name server. */
  const claim = async (name: string, text: string) => {
    const key = scene.names?.key
    const lines = [`server ${scene.names?.server}`, `update delete _lifeboat.${name} TXT`, `update add _lifeboat.${name} 5 TXT "${text}"`, 'send', '']
    await run('nsupdate', ['-y', `${key?.algorithm}:${key?.name}:${key?.secret}`], { input: lines.join('\n') })
  }

  /**
   * Stops the controller before this step until the source has ended the attempt, and sends then what the controller
   * would send; answers how the step went when the controller was awake again.
   */
  const sleepBefore = async (step: string, late: { readonly to: LabNode; readonly op: string }, meanwhile: () => Promise<void> = async () => undefined) => {
    await moments.at(step, 'started')
    const since = (await scene.journal()).at(-1)?.seq ?? 0
    const { token, facts } = await moments.known()
    await meanwhile()
    process.kill(scene.controllerPid(), 'SIGSTOP')
    await moments.pass()
    await answersWithin(source.address, aloneWithinMs)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    const line = await speakTo(scene, late.to)
    const { attempt, seal, sequence } = facts
    await assert.rejects(line.call({ op: late.op, token, attempt, seal, sequence, needMs: 1000 }), /over|void|not open/)
    await line.close()
    process.kill(scene.controllerPid(), 'SIGCONT')
    const ended = await scene.record((record) => record.step === step && (record.state === 'failed' || record.state === 'done'), { after: since })
    assert.equal(ended.state, 'failed')
    await scene.record(at('attempt', 'undone'), { after: ended.seq })
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  }

  await t.test('before the seal: the seal is refused', async () => {
    await sleepBefore('seal-source', { to: source, op: 'seal' })
  })

  await t.test('before the promotion: the promotion is refused; so are words from attempts and executions before', async () => {
    await sleepBefore('promote-target', { to: target, op: 'promote' }, async () => {
      const { token, facts } = await moments.known()
      const line = await speakTo(scene, source)
      const stale = { op: 'unseal', attempt: facts.attempt - 1, reason: 'person' }
      await assert.rejects(line.call({ ...stale, token }), { code: 'attempt-over' })
      await assert.rejects(line.call({ ...stale, attempt: facts.attempt, token: token - 1 }), { code: 'token-stale' })
      assert.equal((await line.call({ op: 'hello' }))['phase'], 'sealed')
      await line.close()
    })
  })

  await t.test('before the commit: the commit is refused; a copy that comes late is too', async () => {
    await sleepBefore('commit-switch', { to: target, op: 'commit' }, async () => {
      const shell = 'ssh -i /var/lib/lifeboat/web-1/run_key -o UserKnownHostsFile=/var/lib/lifeboat/web-1/known_hosts -o BatchMode=yes'
      const orphan = await source.attempt(`echo late > /root/late && rsync -e '${shell}' /root/late root@${target.address}:/srv/shop/late`)
      assert.notEqual(orphan.exitCode, 0)
      assert.match(orphan.stderr, /promoted|refus|not receive|open|lifeboat/i)
      assert.equal((await target.attempt('test -e /srv/shop/late')).exitCode, 1)
    })
  })

  await t.test('three attempts in a row failed, so a person decides', async () => {
    const { exitCode, stdout } = await running
    assert.equal(exitCode, 4, stdout.slice(-1500))
    running = scene.begin('approve', 'web-1', '--yes', '--json')
  })

  await t.test('a commit whose answer was lost counts: the move goes on from there', async () => {
    await moments.at('commit-switch', 'started')
    const since = (await scene.journal()).at(-1)?.seq ?? 0
    const { token, facts } = await moments.known()
    const line = await speakTo(scene, target)
    await line.call({ op: 'commit', token, attempt: facts.attempt })
    await line.close()
    process.kill(scene.controllerPid(), 'SIGSTOP')
    await moments.pass()
    await answersWithin(source.address, aloneWithinMs)
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    process.kill(scene.controllerPid(), 'SIGCONT')
    await scene.record(at('release-clients', 'done'), { after: since })
    assert.equal((await scene.journal()).filter((record) => record.seq > since && record.step === 'attempt').length, 0)
  })

  await t.test('before the names are switched, and somebody else claimed them meanwhile: they stay until that is over', async () => {
    await moments.at('switch-dns', 'started')
    const since = (await scene.journal()).at(-1)?.seq ?? 0
    process.kill(scene.controllerPid(), 'SIGSTOP')
    await moments.pass()
    const ours = await epochOf('www.shop.example')
    await claim('www.shop.example', ours.replace(/epoch=\d+ owner=.*/, 'epoch=99 owner=web-1/another'))
    process.kill(scene.controllerPid(), 'SIGCONT')
    const refused = await scene.record(at('switch-dns', 'failed'), { after: since })
    assert.equal(refused.details['code'], 'owned-by-other')
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [source.address])
    await answersWithin(source.address, 2000)
    await claim('www.shop.example', ours)
    const { exitCode, stdout, stderr } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
  })

  await t.test('no customer has lost anything', async () => {
    const figures = await customers.stop()
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [target.address])
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    await finishClean(scene)
  })
})
