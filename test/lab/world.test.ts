import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { attempt, run } from '../../lab/command.ts'
import { enterLab } from '../../lab/enter.ts'
import { causeFault } from '../../lab/faults.ts'
import { shopNodes } from '../../lab/shop/nodes.ts'
import { startWorld, type World } from '../../lab/world.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()

let world: World
before(async () => {
  world = await startWorld({ sources: ['web-1', 'files-1'], targets: 'static', names: true })
})
after(async () => await world.stop())

const until = (what: string, condition: () => Promise<boolean>) =>
  waitUntil(async () => ((await condition()) ? true : null), { what, deadlineMs: 30_000, everyMs: 20, signal: new AbortController().signal })

async function get(url: string): Promise<string | null> {
  return await fetch(url, { signal: AbortSignal.timeout(1000) }).then(
    async (answer) => (answer.ok ? await answer.text() : null),
    () => null,
  )
}

async function order(host: string, id: string): Promise<number> {
  return (await fetch(`http://${host}/orders`, { method: 'POST', headers: { 'Idempotency-Key': id }, signal: AbortSignal.timeout(5000) })).status
}

function hostKeys(address: string): Promise<string> {
  return run('ssh-keyscan', ['-T', '5', '-t', 'ed25519', address])
}

test('the world has no way to the network of the machine', async () => {
  const links = await run('ip', ['-o', 'link'])
  for (const line of links.split('\n').filter(Boolean)) assert.match(line, /^\d+: (lo|operator|old|new|wire\d+@\S+):/)
  assert.equal(await run('ip', ['route', 'show', 'default']), '')
})

test('nodes run in full and let in the key of the world', async () => {
  for (const node of world.nodes.values()) {
    assert.equal((await node.run('systemctl is-system-running --wait')).trim(), 'running')
    const login = ['-i', world.keyFile, '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR']
    assert.equal((await run('ssh', [...login, `root@${node.address}`, 'hostname'])).trim(), node.name)
  }
})

test('the shop serves by name where its data is, and its programs wait on the target', async () => {
  await until('the shop answers', async () => (await get('http://www.shop.example/health')) === 'ok web-1\n')
  await until('the files answer', async () => (await get('http://files.shop.example/health')) === 'ok files-1\n')
  for (const unit of ['shop.service', 'shop-cron.timer']) {
    assert.equal((await world.source('web-1').run(`systemctl is-active ${unit}`)).trim(), 'active')
    assert.equal((await world.target('web-1').attempt(`systemctl is-active ${unit}`)).stdout.trim(), 'inactive')
    assert.equal((await world.target('web-1').run(`systemctl is-enabled ${unit}`)).trim(), 'enabled')
  }
})

test('volumes hold the kinds of files that copies get wrong', async () => {
  const found = await world
    .source('web-1')
    .run(
      "cd /srv/shop/catalogue; find . -type f -links +1 | wc -l; find . -type l | wc -l; find . -name '*\n*' -print0 | tr -cd '\\0' | wc -c; find . -perm /4000 | wc -l; find . -type f | wc -l",
    )
  const [hardLinks = 0, symbolicLinks = 0, newlines = 0, , files = 0] = found.split('\n').map(Number)
  assert.ok(hardLinks >= 50 && symbolicLinks >= 20 && newlines >= 20 && files >= 300, found)
})

test('an order is stored once however often it is sent', async () => {
  assert.equal(await order('www.shop.example', 'twice-1'), 201)
  assert.equal(await order('www.shop.example', 'twice-1'), 200)
  assert.equal(await order('files.shop.example', 'twice-2'), 201)
  assert.equal(await order('files.shop.example', 'twice-2'), 200)
  assert.deepEqual(
    (await world.ordersOn(world.source('web-1'))).filter((id) => id === 'twice-1'),
    ['twice-1'],
  )
  assert.deepEqual(await world.ordersOn(world.source('files-1')), ['twice-2'])
})

test('a power cut keeps what was synced and the host key, and loses the rest', async () => {
  const node = world.source('web-1')
  const keys = await hostKeys(node.address)
  assert.equal(await order('www.shop.example', 'kept-1'), 201)
  await node.run('echo 1 >/srv/synced; sync /srv/synced; echo 1 >/srv/not-synced')
  await node.powerCut()
  assert.equal(node.power(), 'off')
  assert.equal(await get('http://www.shop.example/health'), null)
  await node.powerOn()
  assert.equal(await node.run('cat /srv/synced'), '1\n')
  assert.notEqual((await node.attempt('cat /srv/not-synced')).stdout, '1\n')
  assert.ok((await world.ordersOn(node)).includes('kept-1'))
  assert.equal(await hostKeys(node.address), keys)
  await until('the shop answers again', async () => (await get('http://www.shop.example/health')) === 'ok web-1\n')
})

test('an orderly shutdown and a reboot from inside keep everything', async () => {
  const node = world.source('web-1')
  await node.run('echo 1 >/srv/lazy; echo 1 >/root/lazy')
  await node.powerOff()
  assert.equal(node.power(), 'off')
  await node.powerOn()
  const boot = await node.run('cat /srv/lazy /root/lazy /proc/sys/kernel/random/boot_id')
  assert.match(boot, /^1\n1\n/)
  await node.attempt('systemctl reboot')
  await node.until('off')
  await node.until('on')
  await node.ready()
  assert.notEqual(await node.run('cat /srv/lazy /root/lazy /proc/sys/kernel/random/boot_id'), boot)
})

test('a link that is down cuts a node off while it runs on', async () => {
  const node = world.source('web-1')
  await until('the shop answers', async () => (await get(`http://${node.address}/health`)) !== null)
  await causeFault(world, 'web-1', 'link-down')
  assert.equal(await get(`http://${node.address}/health`), null)
  assert.equal((await node.run('systemctl is-active shop')).trim(), 'active')
  await causeFault(world, 'web-1', 'none')
  await until('the shop answers again', async () => (await get(`http://${node.address}/health`)) !== null)
})

test('over a way that is ill connections are made at once, and answers come after seconds', async () => {
  const node = world.source('web-1')
  const look = async () => {
    const said = await run('curl', ['-s', '-o', '/dev/null', '-m', '20', '-w', '%{http_code} %{time_connect} %{time_total}', `http://${node.address}/health`])
    return said.split(' ').map(Number) as [number, number, number]
  }
  await causeFault(world, 'link', 'slow-data')
  const [status, connected, answered] = await look()
  assert.ok(status === 200 && connected < 0.5 && answered > 2, `${status} ${connected} ${answered}`)
  await causeFault(world, 'link', 'none')
  assert.ok((await look())[2] < 1)
})

test('a full disk and a stopped sshd are faults that can be mended', async () => {
  const node = world.source('files-1')
  await causeFault(world, 'files-1', 'disk-full')
  assert.notEqual((await node.attempt('dd if=/dev/zero of=/srv/files/one-more bs=1M count=1')).exitCode, 0)
  await causeFault(world, 'files-1', 'sshd-stop')
  assert.equal((await attempt('ssh-keyscan', ['-T', '1', node.address])).stdout, '')
  await causeFault(world, 'files-1', 'none')
  await node.run('dd if=/dev/zero of=/srv/files/one-more bs=1M count=1')
  assert.match(await hostKeys(node.address), /ssh-ed25519/)
})

test('a fault that a subject cannot have is refused with what it can', async () => {
  await assert.rejects(causeFault(world, 'web-1', 'quota'), /web-1 cannot have the fault quota. It can have: power-cut, /)
  await assert.rejects(causeFault(world, 'host', 'host-503'), /There is no host here. There are: .*web-1.*names, link/)
})

test('new connections over a slow link take its time, and the far side still sees who it is', async () => {
  const [from, to] = [world.source('web-1'), world.target('web-1')]
  const listen = 'python3 -c "import socket; s=socket.create_server((\'\',443)); c,a=s.accept(); c.sendall(a[0].encode())"'
  const dial = `python3 -c "import socket,time; t=time.time(); c=socket.create_connection(('${to.address}',443)); print(c.recv(99).decode(), round((time.time()-t)*1000))"`
  const measure = async () => {
    const listening = to.run(listen)
    await until('somebody listens', async () => (await to.run('ss -Hltn sport = :443')) !== '')
    const [address = '', ms = ''] = (await from.run(dial)).trim().split(' ')
    await listening
    return { address, ms: Number(ms) }
  }
  await causeFault(world, 'link', 'slow-link')
  const slow = await measure()
  await causeFault(world, 'link', 'none')
  assert.equal(slow.address, from.address)
  // Opening costs a round trip of 40 ms, and the first byte another half.
  assert.ok(slow.ms >= 60, `${slow.ms} ms`)
  assert.equal((await measure()).address, from.address)
})

test('the configuration names every part, and its secrets are files for their owner only', async () => {
  const file = path.join(world.folder, 'lifeboat.yaml')
  const config: { moves: Record<string, { data: unknown; names: unknown }>; dns: { zone: { key: { secret: string } } } } = parse(readFileSync(file, 'utf8'))
  assert.deepEqual(Object.keys(config.moves), ['web-1', 'files-1'])
  assert.deepEqual(config.moves['web-1']?.names, [{ dns: 'zone', name: shopNodes['web-1'].dnsName }])
  const secret = path.join(world.folder, config.dns.zone.key.secret.replace('file:', ''))
  assert.equal((await run('stat', ['-c', '%a', secret])).trim(), '600')
})
