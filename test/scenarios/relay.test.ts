// Nodes that do not reach each other's ssh: there and back through the controller. What clients use stays open.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import type { LabNode } from '../../lab/node.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { oneSideServes, speakTo } = await import('../support/sides.ts')
const { startProber } = await import('../support/prober.ts')
const { openMoments } = await import('../support/moment.ts')
const { childrenWith } = await import('../support/processes.ts')
const { waitUntil } = await import('../../src/io/wait.ts')
const { finishClean } = await import('../support/ending.ts')

const table = 'inet walls'

/** Nobody there answers the ssh of this address, nor says that nobody does. */
async function wall(node: LabNode, against: LabNode): Promise<void> {
  await node.run(`nft 'table ${table} { chain in { type filter hook input priority -400; ip saddr ${against.address} tcp dport 22 drop; }; }'`)
}

test('nodes that do not reach each other by ssh are moved there and back through the controller', { timeout: 420_000 }, async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  await wall(source, target)
  await wall(target, source)
  const plan = async () => JSON.parse((await scene.lifeboat(['plan', '--json'])).stdout) as { moves: { path: string; warnings: { code: string }[] }[] }
  assert.equal((await plan()).moves[0]?.path, 'direct')

  await t.test('what --yes said of another plan does not count: it waits, and says what the relay costs', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json')
    assert.equal(exitCode, 4, stdout.slice(-1500) + stderr)
    const records = await scene.journal()
    const prepared = records.find(at('prepare-node', 'done'))
    assert.deepEqual(prepared?.details['relayed'], { source: true, target: true })
    assert.match(prepared?.text ?? '', /The source reaches the other side's ssh through this controller\./)
    assert.match(records.find(at('await-approval', 'waiting'))?.text ?? '', /lost between seal and commit, both sides stay closed until it is back/)
    const { moves } = await plan()
    assert.equal(moves[0]?.path, 'relay')
    assert.ok(moves[0]?.warnings.some(({ code }) => code === 'relayed'))
  })

  const approve = async (): Promise<void> => {
    const { exitCode, stdout, stderr } = await scene.lifeboat(['approve', 'web-1'])
    assert.equal(exitCode, 0, stdout + stderr)
  }

  await t.test('a controller that is lost after the seal leaves both sides closed; once it is back, the source serves', async () => {
    const moments = await openMoments(scene)
    await moments.arm('promote-target', 'started')
    const approving = scene.begin('approve', 'web-1')
    await moments.reached()
    const carriers = childrenWith(scene.controllerPid(), 'run/lifeboat-web-1/relays/')
    assert.ok(carriers.length > 0)
    scene.killController()
    // What carries lives on for as long as something is connected through it; with the whole machine it would be gone.
    for (const pid of carriers) process.kill(pid, 'SIGKILL')
    await moments.pass()
    await moments.close()
    assert.equal((await approving).exitCode, 3, 'the terminal says that the controller is gone')
    // Its lease is over, and it has asked for the verdict: nobody carries the question.
    const asker = await speakTo(scene, source)
    const asked = async () => (JSON.stringify((await asker.call({ op: 'hello' }))['trouble']).includes('"sealed: ') ? true : null)
    await waitUntil(asked, { what: 'A question that nobody carries', deadlineMs: 20_000, everyMs: 200, signal: t.signal })
    await asker.close()
    for (const node of [source, target]) assert.notEqual((await node.attempt('systemctl is-active shop.service')).stdout, 'active\n', node.name)
    // A command brings the credentials back, and with them the way.
    const again = await scene.begin('migrate', '--json')
    assert.equal(again.exitCode, 4, again.stdout.slice(-1500) + again.stderr)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
    assert.ok((await scene.journal()).some(at('attempt', 'undone')))
  })

  const customers = scene.customers(10)
  const prober = startProber(scene)
  await t.test('a controller that was killed carries again, and the approved move switches', async () => {
    scene.killController()
    await approve()
    await scene.record(at('watch-target', 'done'))
    assert.equal(await oneSideServes(scene, 'web-1'), 'target')
  })

  await t.test('it goes back through the controller, too', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('rollback', 'web-1', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    assert.equal(await oneSideServes(scene, 'web-1'), 'source')
  })

  await t.test('the plan says it now, so --yes counts; afterwards nothing is left', async () => {
    const { exitCode, stdout, stderr } = await scene.begin('migrate', '--yes', '--json')
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target', 'source', 'target'] })
    await finishClean(scene)
    const figures = await customers.stop()
    assert.equal(figures.failed, 0)
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  })
})
