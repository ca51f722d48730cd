// Scenario 55: the source is ill and answers ssh still. The switch that loses nothing is tried before it is given up; where that
// fails, a fence that needs no provider cuts it off. Nobody ever writes on two sides, also when it is let in again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { cable } from '../support/cable.ts'
import { draw, seedOfRun } from '../support/draw.ts'

await enterLab()
const { at, setCase } = await import('../support/scenario.ts')
const { startProber } = await import('../support/prober.ts')
const { leftNothing } = await import('../support/ending.ts')
const { untilHeard } = await import('../support/sides.ts')
const { orderLines } = await import('../../lab/shop/orders.ts')

const fences = { ssh: { kind: 'ssh' }, hook: cable } as const
const kinds = ['ssh', 'hook'] as const

for (const kind of process.env['LIFEBOAT_SCENARIOS'] === 'all' ? kinds : [draw(kinds, 0, seedOfRun())])
  test(`an ill source is switched as planned, or fenced by ${kind} where that fails`, async (t) => {
    const scene = await setCase(t, `gray-${kind}`, { config: { moves: { 'web-1': { fence: [fences[kind]] } } } })
    const [source, target] = [scene.source('web-1'), scene.target('web-1')]
    const failOver = async () => {
      const before = (await scene.journal()).at(-1)?.seq ?? 0
      const { exitCode, stdout, stderr } = await scene.begin('failover', 'web-1', '--yes', '--json')
      assert.equal(exitCode, 0, stdout.slice(-3000) + stderr)
      return (await scene.journal()).filter(({ seq }) => seq > before)
    }
    const first = startProber(scene)
    assert.equal((await scene.begin('migrate', '--json')).exitCode, 4)

    await t.test('the switch that loses nothing is tried, and it is not fenced', async () => {
      const records = await failOver()
      assert.ok(records.some(at('release-clients', 'done')))
      assert.ok(!records.some(at('fence-source', 'started')))
      assert.deepEqual(await first.stop(), { lost: [], turns: ['source', 'target'] })
      assert.equal((await scene.begin('rollback', 'web-1', '--yes', '--json')).exitCode, 0)
    })

    const second = startProber(scene)
    await t.test('a source that cannot be frozen is thawed, fenced, and given up', async () => {
      assert.equal((await scene.begin('migrate', '--json')).exitCode, 4)
      await source.run(
        "systemd-run --quiet --unit audit sh -c 'exec 3>>/srv/shop/audit.log; sleep 600'; until test -e /srv/shop/audit.log; do sleep 0.02; done",
      )
      const told = Date.now()
      const records = await failOver()
      assert.ok(records.some(at('attempt', 'undone')))
      assert.equal(records.find(at('fence-source', 'done'))?.details['by'], kind)
      t.diagnostic(`committed ${(Date.parse(records.find(at('commit-switch', 'done'))?.at ?? '') - told) / 1000} s after the word, fenced by ${kind}`)
      assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [target.address])
    })

    await t.test('let in again it closes before anybody but the target reaches it; what the target lacks lies there', async () => {
      scene.killController()
      await source.linkUp()
      await untilHeard(scene, target)
      const { lost, turns } = await second.stop()
      // The switch, the way back, the fail-over.
      assert.deepEqual(turns, ['source', 'target', 'source', 'target'])
      const there = new Set((await orderLines(source)).map((line) => line.split('\t')[0]))
      assert.deepEqual(
        lost.filter((id) => !there.has(id)),
        [],
      )
      t.diagnostic(`${lost.length} acknowledged orders lost, all of them on the source still`)
    })

    await t.test('finished, nothing of ours is left but what keeps the source closed', async () => {
      const { exitCode, stdout, stderr } = await scene.begin('finish', 'web-1', '--yes', '--json')
      assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
      await leftNothing(scene)
    })
  })
