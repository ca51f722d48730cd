// Scenarios 15 and 26: what comes back from the past. A state folder that is put back from a backup while the nodes have seen
// later executions; a source that somebody switches on again after its move was finished.
import assert from 'node:assert/strict'
import { existsSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()
const { answersWithin, setScene } = await import('../support/scenario.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean } = await import('../support/ending.ts')
const { failedRequests, oneSideServes, speakTo } = await import('../support/sides.ts')
const { causeFault } = await import('../../lab/faults.ts')
const { attempt, run } = await import('../../lab/command.ts')

const codeIn = (stdout: string): unknown => (JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>)['code']

test('neither an old copy of the database nor a retired source comes between a move and its customers', async (t) => {
  const scene = await setScene({ host: 'vsphere' })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const customers = scene.customers(5)
  const prober = startProber(scene)
  const state = path.join(scene.folder, '.lifeboat')

  /** An orderly end of the controller, and with it of its database: only then a copy of the folder is whole. */
  const endController = async () => {
    process.kill(scene.controllerPid(), 'SIGTERM')
    const gone = async () => await Promise.resolve(existsSync(path.join(state, 'db', 'postmaster.pid')) ? null : true)
    await waitUntil(gone, { what: 'The end of the database', deadlineMs: 60_000, everyMs: 50, signal: AbortSignal.timeout(90_000) })
  }

  await t.test('a backup from before the switch, put back after it: one sentence names the higher token, nothing is touched', async () => {
    assert.equal((await scene.begin('migrate', '--json')).exitCode, 4)
    await endController()
    await run('cp', ['-a', state, `${state}-backup`])
    // The next controller is another execution, with the token that the backup would give out, too.
    const there = await scene.begin('approve', 'web-1', '--yes', '--json')
    assert.equal(there.exitCode, 0, there.stdout.slice(-1500) + there.stderr)
    await endController()
    renameSync(state, `${state}-newer`)
    renameSync(`${state}-backup`, state)

    const { exitCode, stdout, stderr } = await scene.begin('approve', 'web-1', '--yes', '--json')
    assert.deepEqual([exitCode, codeIn(stdout)], [4, 'database-behind'], stdout.slice(-1500) + stderr)
    assert.match(stdout, /has seen token 2 of web-1; this database had given out only 1\./)
    // Nor does it get through by being asked again and again.
    for (let tries = 0; tries < 4; tries++) {
      const again = await scene.begin('migrate', 'web-1', '--yes', '--json')
      assert.deepEqual([again.exitCode, codeIn(again.stdout)], [4, 'database-behind'], again.stdout.slice(-1500))
    }
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [target.address])
    await endController()
  })

  await t.test('with the newer one the move goes on, and nobody has to say anything', async () => {
    renameSync(state, `${state}-older`)
    renameSync(`${state}-newer`, state)
    assert.equal((await scene.begin('migrate', 'web-1', '--yes', '--json')).exitCode, 0)
    const unasked = await scene.begin('migrate', 'web-1', '--database-is-newest', '--yes', '--json')
    assert.deepEqual([unasked.exitCode, codeIn(unasked.stdout)], [4, 'not-now'], unasked.stdout.slice(-1500))
    await endController()
    rmSync(state, { recursive: true })
    renameSync(`${state}-older`, state)
  })

  await t.test('where none is left, and somebody says so, it goes on from what both sides do now, to its end', async () => {
    const adopted = await scene.begin('migrate', 'web-1', '--database-is-newest', '--yes', '--json')
    assert.equal(adopted.exitCode, 0, adopted.stdout.slice(-1500) + adopted.stderr)
    assert.match(adopted.stdout, /taken for the newest: the target of web-1 serves/)
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    const figures = await customers.stop()
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    await finishClean(scene)
  })

  await t.test('the source that was retired is switched on again: it is up, closed and refuses; a person who starts its services gets nothing', async () => {
    await source.until('off')
    await causeFault(scene, 'web-1', 'power-on')
    // Nor does it have a network before somebody connects that, too.
    await source.linkUp()
    await source.ready()
    await source.attempt('systemctl is-system-running --wait')
    await source.attempt('systemctl start shop.service shop-cron.timer shop-cron.service')
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
    assert.equal((await attempt('curl', ['-s', '-m', '5', `http://${source.address}/health`])).exitCode, 7)
    const line = await speakTo(scene, source)
    const hello = await line.call({ op: 'hello' })
    await line.close()
    assert.deepEqual([hello['role'], hello['tombstone']], ['closed', true])
    await answersWithin(target.address, 2000)
  })
})
