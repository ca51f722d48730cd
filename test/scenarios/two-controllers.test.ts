// Scenario 14 and its kin: one controller for a state folder, one state folder for a node, one run for a move.
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { z } from 'zod'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')
const { failedRequests, oneSideServes } = await import('../support/sides.ts')
const { attempt } = await import('../../lab/command.ts')

const failure = z.object({ code: z.string(), message: z.string() })
const failureOf = (text: string) => failure.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''))

test('whoever comes second is refused or joins in, and the first one is not disturbed', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const customers = scene.customers(10)
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const first = scene.begin('migrate', '--yes', '--json')
  await scene.record(at('prepare-node', 'done'))

  await t.test('a second controller of the same state folder ends at once and names the first', async () => {
    const main = path.join(import.meta.dirname, '../../src/controller/main.ts')
    const { exitCode, stderr } = await attempt(process.execPath, [main, '--state', path.join(scene.folder, '.lifeboat')])
    assert.equal(exitCode, 4, stderr)
    const { code, message } = failureOf(stderr)
    assert.equal(code, 'controller-busy')
    assert.match(message, new RegExp(`process ${scene.controllerPid()} on .+ since \\d{4}-`))
  })

  await t.test('a second migrate joins the run that is there', async () => {
    const second = await scene.begin('migrate', '--yes', '--json', '--detach')
    assert.equal(second.exitCode, 0, second.stderr)
    assert.deepEqual(JSON.parse(second.stdout), [{ move: 'web-1', run: 1, attached: true }])
    assert.equal((await scene.journal()).filter((record) => record.step === 'move').length, 1)
  })

  await t.test('another state folder does not get the node', async () => {
    const second = await scene.begin('migrate', '--yes', '--json', '--state', path.join(scene.folder, 'other-state'))
    assert.equal(second.exitCode, 4, second.stdout.slice(-1500) + second.stderr)
    const { owner } = await moments.known()
    assert.match(second.stdout, /"code":"owned-by-other"/)
    assert.ok(second.stdout.includes(owner), 'the owner is named')
  })

  await t.test('the first one ends well', async () => {
    const { exitCode, stdout, stderr } = await first
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    const figures = await customers.stop()
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  })

  await t.test('a controller that was stopped is not replaced: the command says that it does not answer', async () => {
    const pid = scene.controllerPid()
    process.kill(pid, 'SIGSTOP')
    const { exitCode, stdout } = await scene.begin('status', '--json')
    process.kill(pid, 'SIGCONT')
    assert.equal(exitCode, 3, stdout)
    assert.equal(failureOf(stdout).code, 'controller-unreachable')
    assert.equal((await scene.begin('status', '--json')).exitCode, 0)
    assert.equal(scene.controllerPid(), pid)
    await finishClean(scene)
  })
})
