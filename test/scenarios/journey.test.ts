// Scenario 50: start, back, start, finish, under live traffic. And V17: what is left of us afterwards.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { tracesOn } = await import('../support/sides.ts')
const { startProber } = await import('../support/prober.ts')

test('a node moves, goes back, moves again and is finished without one failed request and without one lost write', async (t) => {
  // Others give the path of the key; here its contents must do all the way.
  const scene = await setScene({ config: { defaults: { ssh: { key: 'command:cat secrets/id_ed25519' } } } })
  t.after(async () => await scene.stop())
  const customers = scene.customers(10)
  const prober = startProber(scene)

  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const before = { source: await tracesOn(source), target: await tracesOn(target) }
  assert.deepEqual(before.source, [])
  const forwardedBefore = await source.run('cat /proc/sys/net/ipv4/ip_forward')

  const there = await scene.begin('migrate', '--yes', '--json')
  assert.equal(there.exitCode, 0, there.stdout + there.stderr)
  assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.target('web-1').address])

  const back = await scene.begin('rollback', 'web-1', '--yes', '--json')
  assert.equal(back.exitCode, 0, back.stdout + back.stderr)
  assert.deepEqual(await scene.names?.addressesOf('www.shop.example'), [scene.source('web-1').address])

  const again = await scene.begin('migrate', '--yes', '--json')
  assert.equal(again.exitCode, 0, again.stdout + again.stderr)
  assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target', 'source', 'target'] })
  const finished = await scene.begin('finish', 'web-1', '--yes', '--json')
  assert.equal(finished.exitCode, 0, finished.stdout + finished.stderr)

  const figures = await customers.stop()
  assert.equal(figures.failed, 0)
  assert.deepEqual(await scene.lostWrites(figures), { 'www.shop.example': [] })
  assert.ok(figures.requests > 100)

  // The target as it was, with the data; on the source the guard, and the program that refuses clients and answers for the tombstone.
  // Its helper ends a moment after its last answer.
  const gone = async () => ((await tracesOn(target)).length === before.target.length ? true : null)
  await waitUntil(gone, { what: 'A target without traces of us', deadlineMs: 5000, everyMs: 50, signal: new AbortController().signal }).catch(() => undefined)
  assert.deepEqual(await tracesOn(target), before.target)
  assert.equal((await target.run('ls -A /srv/shop')).includes('lifeboat'), false)
  assert.deepEqual(await tracesOn(source), [
    '/etc/systemd/system/lifeboat-web-1-deadman.service',
    '/etc/systemd/system/lifeboat-web-1-deadman.timer',
    '/etc/systemd/system/lifeboat-web-1-helper.service',
    '/etc/systemd/system/multi-user.target.wants/lifeboat-web-1-helper.service',
    '/etc/systemd/system/shop-cron.service.d/50-lifeboat-web-1.conf',
    '/etc/systemd/system/shop-cron.timer.d/50-lifeboat-web-1.conf',
    '/etc/systemd/system/shop.service.d/50-lifeboat-web-1.conf',
    '/run/lifeboat-web-1',
    '/var/lib/lifeboat',
    'table inet lifeboat_web_1',
    'unit lifeboat-web-1-helper.service',
  ])
  assert.equal(await source.run('cat /proc/sys/net/ipv4/ip_forward'), forwardedBefore)
})
