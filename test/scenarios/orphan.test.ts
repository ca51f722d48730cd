// Scenario 16: a copy that a dead controller left running is still on its way when the target is promoted.
import assert from 'node:assert/strict'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { openMoments } = await import('../support/moment.ts')
const { finishClean } = await import('../support/ending.ts')
const { startProber } = await import('../support/prober.ts')

test('a copy that comes in after both sides were compared is ended and stops the promotion; the next attempt leaves nothing of it', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const prober = startProber(scene)
  const moments = await openMoments(scene)
  t.after(async () => await moments.close())
  const running = scene.begin('migrate', '--yes', '--json')

  await moments.at('promote-target', 'started')
  const shell = 'ssh -i /var/lib/lifeboat/web-1/run_key -o UserKnownHostsFile=/var/lib/lifeboat/web-1/known_hosts -o BatchMode=yes'
  await source.run('truncate -s 4M /root/late')
  const orphan = source.attempt(`rsync --inplace --bwlimit=100 -e '${shell}' /root/late root@${target.address}:/srv/shop/late`)
  const receives = `until test -s /srv/shop/late; do sleep 0.02; done`
  await target.run(receives)
  await moments.pass()

  const { exitCode, stdout, stderr } = await running
  assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
  const refused = (await scene.journal()).find(at('promote-target', 'failed'))
  assert.match(refused?.text ?? '', /copies were let in after both sides were compared/)
  assert.notEqual((await orphan).exitCode, 0)
  assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
  assert.equal(await target.run('find /srv/shop -path "*/.lifeboat-deleted" -prune -o -name "*late*" -print'), '')
  // So would a connection to the peer that is being opened when the helper ends: it lives in the helper's unit.
  await target.run(
    'setsid sleep 60 </dev/null >/dev/null 2>&1 & for place in /sys/fs/cgroup /sys/fs/cgroup/systemd; do echo $! > $place/system.slice/lifeboat-web-1-helper.service/cgroup.procs; done 2>/dev/null; true',
  )
  assert.match(await target.run('cat /proc/$(pidof sleep)/cgroup'), /lifeboat-web-1-helper\.service/)
  await finishClean(scene)
})
