// Nodes as they look from inside, over ssh: as root, through sudo, without the usual programs, and one that does not answer.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { shopNodes } from '../../lab/shop/nodes.ts'
import { planSchema } from '../../src/core/plan.ts'
import { inventorySchema, type Node } from '../../src/core/node.ts'
import { waitUntil } from '../../src/io/wait.ts'
import type { Inside } from '../../src/core/inside/schema.ts'

await enterLab()
const { startWorld } = await import('../../lab/world.ts')

const ofOps = (sudo: boolean) => ({ kind: 'static', ssh: { user: 'ops', sudo }, nodes: [{ name: 'web-2', address: shopNodes['web-2'].address }] })
const listed = (name: 'web-1' | 'web-2') => ({ name, address: shopNodes[name].targetAddress })
const world = await startWorld({
  sources: ['web-1', 'web-2', 'files-1'],
  targets: 'none',
  config: {
    providers: { sudo: ofOps(true), plain: ofOps(false), iron: { kind: 'static', nodes: [listed('web-1'), listed('web-2')] } },
    moves: Object.fromEntries(['web-1', 'web-2'].map((name) => [name, { from: { provider: 'old', name }, to: { provider: 'iron' } }])),
  },
})
const [web1, web2, files1] = [world.source('web-1'), world.source('web-2'), world.source('files-1')]
test.after(async () => await world.stop())

async function look(provider: string): Promise<ReadonlyMap<string, Node>> {
  const result = await world.lifeboat(['inventory', provider, '--inside', '--json'])
  assert.equal(result.exitCode, 0, result.stdout + result.stderr)
  return new Map(inventorySchema.parse(JSON.parse(result.stdout)).nodes.map((node) => [node.name, node]))
}

function insideOf(node: Node | undefined): Inside {
  assert.ok(node?.inside !== undefined, JSON.stringify(node?.hazards))
  return node.inside
}

function only<T>(items: readonly T[] | null, fits: (item: T) => boolean): T {
  const found = (items ?? []).filter(fits)
  assert.ok(found.length === 1 && found[0] !== undefined, `${found.length} fit of ${JSON.stringify(items)}`)
  return found[0]
}

const hintsOf = (node: Node | undefined) => (node?.hints ?? []).map(({ key, value }) => `${key} ${value}`)
const whatIsUnseen = (inside: Inside) => inside.unseen.map(({ what }) => what).sort()

function tellsItsWork({ cpu }: Inside): void {
  const { count, busy, load15 } = cpu ?? assert.fail('nothing of its processors came')
  assert.ok(busy !== null && busy > 0 && busy <= Number(count) && load15 !== null, JSON.stringify(cpu))
}

/** Files that were written since the mark, without what the shop and the login itself write. */
const written = 'find /tmp /root /home /var /etc /opt /srv/shop /usr/local -xdev -newer /run/mark ! -path "/srv/shop/*" ! -path "/var/log/*" | sort'

test('root sees a node whole: its services behind ports, its data, its timers, and whom it talks to', async (t) => {
  const jobs = '5 4 * * * TOKEN=hush /usr/bin/backup --password hush\\n6 4 * * 1 /usr/bin/report hush\\n'
  await web1.run(`mkdir -p /var/spool/cron/crontabs && printf '${jobs}' > /var/spool/cron/crontabs/root`)
  const talk = `import socket, time; peer = socket.create_connection(('${web2.address}', 80)); time.sleep(600)`
  await web1.run(`systemd-run --quiet --unit talk python3 -c "${talk}"`)
  t.after(async () => await web1.run('systemctl stop talk; rm /var/spool/cron/crontabs/root'))
  const talks = async () => ((await web1.run('ss -tn')).includes(`${web2.address}:80`) ? true : null)
  await waitUntil(talks, { what: 'A connection of web-1 to web-2', deadlineMs: 20_000, everyMs: 50, signal: t.signal })
  await web1.run('touch /run/mark')
  const node = (await look('old')).get('web-1')
  const inside = insideOf(node)

  assert.deepEqual([inside.system?.name, inside.system?.hostname, inside.system?.user], ['Debian GNU/Linux 12 (bookworm)', 'web-1', 'root'])
  assert.deepEqual(inside.unseen, [])
  tellsItsWork(inside)
  const shop = only(inside.listeners, ({ port }) => port === 80)
  assert.deepEqual([shop.unit, shop.package?.name], ['shop.service', 'python3.11-minimal'])
  const ssh = only(inside.listeners, ({ port, address }) => port === 22 && address === '0.0.0.0')
  assert.deepEqual([ssh.unit, ssh.package?.configuration.includes('/etc/ssh/moduli')], ['ssh.service', true])
  const srv = only(inside.mounts, ({ place }) => place === '/srv')
  assert.deepEqual([srv.type, Number(srv.files) > 300, srv.changedFiles === null, srv.writtenPerSecond === null], ['ext4', true, false, false])
  assert.equal(only(inside.timers, ({ unit }) => unit === 'shop-cron.timer').starts, 'shop-cron.service')
  assert.deepEqual(
    inside.jobs?.filter(({ file }) => file.startsWith('/var/spool')).map(({ when, user, program }) => [when, user, program]),
    [
      ['5 4 * * *', 'root', '?'],
      ['6 4 * * 1', 'root', '/usr/bin/report'],
    ],
  )
  assert.equal(JSON.stringify(node).includes('hush'), false)
  assert.deepEqual(hintsOf(node), ['after web-2', 'ports 80', 'services shop.service', 'data /srv'])
  assert.equal(node?.hints?.[0]?.text, `talks to web-2 (${web2.address}:80) from talk.service`)
  assert.equal(await web1.run(written), '')
  // The plan asks the provider again, and keeps what the node told.
  const plan = planSchema.parse(JSON.parse((await world.lifeboat(['plan', '--json'])).stdout))
  const codes = only(plan.moves, ({ name }) => name === 'web-1').warnings.map(({ code }) => code)
  for (const code of ['talks-to', 'port-not-named', 'service-not-named', 'data-not-named'])
    assert.ok(codes.includes(code), `${code} is not in ${codes.join(' ')}`)
  assert.notEqual((await web1.attempt('pgrep -f "[s]h -s"')).exitCode, 0)
})

test('a user with sudo sees as much as root, one without says what only root sees', async () => {
  const key = readFileSync(`${world.keyFile}.pub`, 'utf8').trim()
  await web2.run(`useradd --create-home --shell /bin/sh ops && install -d -o ops /home/ops/.ssh && echo '${key}' > /home/ops/.ssh/authorized_keys`)
  await web2.run("echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops")
  const root = insideOf((await look('old')).get('web-2'))
  const sudo = insideOf((await look('sudo')).get('web-2'))
  assert.deepEqual([sudo.system?.user, sudo.unseen], ['root', []])
  assert.deepEqual(sudo.listeners, root.listeners)
  assert.deepEqual(
    sudo.users?.map(({ name, id }) => [name, id]),
    [['ops', 1000]],
  )

  const plain = insideOf((await look('plain')).get('web-2'))
  assert.equal(plain.system?.user, 'ops')
  assert.deepEqual(
    plain.listeners?.map(({ port, unit }) => [port, unit]),
    [
      [22, null],
      [22, null],
      [80, null],
    ],
  )
  assert.ok(whatIsUnseen(plain).includes('sockets.process'), JSON.stringify(plain.unseen))
})

test('a node without systemd tools, ss, nft, Python 3 and openssl still tells what it has, and what it could not see', async () => {
  const programs = 'systemctl ss nft iptables python3 openssl timeout timedatectl'
  await files1.run(`mkdir /run/gone; for program in ${programs}; do mv "$(readlink -f "$(command -v $program)")" /run/gone/; done`)
  const site = 'server_name files.shop.example _;\\nssl_certificate /etc/nginx/shop.pem;\\n'
  await files1.run(`mkdir -p /etc/nginx && printf '${site}' > /etc/nginx/nginx.conf`)
  const node = (await look('old')).get('files-1')
  const inside = insideOf(node)
  assert.deepEqual(whatIsUnseen(inside), ['certificates', 'services.state', 'timers'])
  assert.deepEqual(inside.certificates, null)
  assert.deepEqual(inside.virtualHosts, [{ name: 'files.shop.example', file: '/etc/nginx/nginx.conf' }])
  assert.deepEqual(Object.keys(inside.versions ?? {}).sort(), ['libc', 'rsync'])
  assert.equal(inside.listeners?.find(({ port }) => port === 80)?.unit, 'files.service')
  assert.ok(hintsOf(node).includes('data /srv'))
})

test('a node whose sshd hangs is a warning on that node, with what it told before; the others are read', async () => {
  const before = insideOf((await look('old')).get('files-1')).takenAt
  await files1.run('kill -STOP $(cat /run/sshd.pid)')
  const nodes = await look('old')
  assert.equal(nodes.get('files-1')?.inside?.takenAt, before)
  assert.deepEqual(
    nodes.get('files-1')?.hazards.map(({ code, severity }) => [code, severity]),
    [['inside-unread', 'warning']],
  )
  for (const name of ['web-1', 'web-2']) assert.deepEqual([insideOf(nodes.get(name)).unseen, insideOf(nodes.get(name)).takenAt > before], [[], true])
})
