import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { test } from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { startWorld } from '../../lab/world.ts'
import { run } from '../../lab/command.ts'

await enterLab()

test('world', async () => {
  const t0 = performance.now()
  const world = await startWorld({ sources: ['web-1', 'files-1'], targets: 'static', names: true, vcenter: process.env.VC === '1' })
  console.error('up', performance.now() - t0)
  console.error(readFileSync(world.folder + '/lifeboat.yaml', 'utf8'))
  const traffic = world.customers(10)
  await setTimeout(3000)
  await world.source('web-1').run('systemctl restart shop')
  await setTimeout(3000)
  const f = await traffic.stop()
  console.error({ ...f, acknowledged: Object.fromEntries(Object.entries(f.acknowledged).map(([k, v]) => [k, v.length])) })
  console.error(traffic.read().filter((s) => s.outcome === 'failed' || s.retried || s.ms > 200).slice(0, 10))
  console.error(await world.lostWrites(f))
  console.error(await run('ssh', ['-i', world.keyFile, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', 'root@203.0.113.211', 'hostname; systemctl is-active shop; ls /srv; cat /etc/resolv.conf']))
  const t1 = performance.now()
  await world.stop()
  console.error('down', performance.now() - t1, world.complaints)
})
