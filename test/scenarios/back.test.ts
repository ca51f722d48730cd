// Scenarios 49 and 13: going back from where a person may want to, and what was off stays off on the way.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { failedRequests } = await import('../support/sides.ts')

// Open defect: on a loaded machine one or two new connections to the old address were refused in three runs of five.
const skip = process.env['LIFEBOAT_SCENARIOS'] === 'all' ? false : 'refuses a connection now and then on a loaded machine; LIFEBOAT_SCENARIOS=all runs it'

test('going back, phase by phase', { skip }, async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const timer = async (node: typeof source) => (await node.attempt('systemctl is-active shop-cron.timer')).stdout.trim()
  await source.run('systemctl stop shop-cron.timer')
  const customers = scene.customers(10)

  await t.test('while the move waits for approval: the source was never touched, the copy stays', async () => {
    const waiting = await scene.begin('migrate')
    assert.equal(waiting.exitCode, 4, waiting.stderr)
    const back = await scene.begin('rollback', 'web-1', '--yes')
    assert.equal(back.exitCode, 0, back.stderr)
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [source.address])
    assert.notEqual((await target.run('ls -A /srv/shop')).trim(), '')
  })

  await t.test('asked for in the hold: the switch comes to its end and is turned round', async () => {
    const seq = (await scene.journal()).at(-1)?.seq ?? 0
    const moving = scene.begin('migrate', '--yes')
    await scene.record(at('hold-clients', 'done'), { after: seq })
    const back = await scene.begin('rollback', 'web-1', '--yes')
    assert.equal(back.exitCode, 0, back.stderr)
    assert.equal((await moving).exitCode, 5)
    assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [source.address])
  })

  await t.test('a timer that was off before the move is off on both sides after it', async () => {
    assert.equal(await timer(source), 'inactive')
    const there = await scene.begin('migrate', '--yes')
    assert.equal(there.exitCode, 0, there.stderr)
    assert.deepEqual([await timer(source), await timer(target)], ['inactive', 'inactive'])
  })

  await t.test('no request failed and no acknowledged write was lost in all that', async () => {
    const figures = await customers.stop()
    assert.deepEqual(failedRequests(customers), [])
    assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  })
})
