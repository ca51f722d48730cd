// Who a client is reaches the new node, though the old one forwards it: with the PROXY protocol, told by nginx.
import assert from 'node:assert/strict'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import type { LabNode } from '../../lab/node.ts'

await enterLab()
const { setScene } = await import('../support/scenario.ts')
const { clients } = await import('../../lab/network.ts')

const [plain, header] = [8080, 8081]
const nginx = `server {
  listen ${plain} default_server;
  listen ${header} default_server proxy_protocol;
  set_real_ip_from 0.0.0.0/0;
  real_ip_header proxy_protocol;
  location / { return 200 "$hostname sees $remote_addr"; }
}`

async function serve(node: LabNode): Promise<void> {
  await node.run(`rm -f /etc/nginx/sites-enabled/default && cat > /etc/nginx/conf.d/seen.conf <<'END'\n${nginx}\nEND\nnginx -tq`)
}

/** What the service behind this address takes a client for; each on a connection of its own. */
async function seenAt(address: string, localAddress: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const request = http.get(
      { host: address, port: plain, localAddress, agent: false, timeout: 25_000 },
      (response) => void text(response).then(resolve, reject),
    )
    request.on('error', reject)
    request.on('timeout', () => request.destroy(new Error('no answer')))
  })
}

test('nginx sees the addresses of its clients before the switch, held in it, forwarded after it, and back again', async (t) => {
  const scene = await setScene({
    config: { moves: { 'web-1': { services: ['shop.service', 'nginx.service'], ports: [80, { port: plain, proxyProtocol: header }] } } },
  })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  for (const node of [source, target]) await serve(node)
  // One side forwards by nft, the other one by iptables.
  await target.run('mv "$(command -v nft)" /root/nft.away')
  await source.run('systemctl start nginx.service')
  assert.equal(await seenAt(source.address, clients[0]), `web-1 sees ${clients[0]}`)

  const wait = async (command: readonly string[]): Promise<readonly string[]> => {
    const running = scene.begin(...command, '--yes', '--json')
    const seen: string[] = []
    for (let ended = false; !ended;) {
      seen.push(await seenAt(source.address, clients[1]))
      ended = await Promise.race([running.then(() => true), new Promise<false>((resolve) => void setTimeout(resolve, 50, false))])
    }
    const { exitCode, stdout, stderr } = await running
    assert.equal(exitCode, 0, stdout.slice(-1500) + stderr)
    return [...new Set([...seen, await seenAt(source.address, clients[1])])]
  }
  assert.deepEqual(await wait(['migrate']), [`web-1 sees ${clients[1]}`, `new-web-1 sees ${clients[1]}`])
  assert.equal(await seenAt(target.address, clients[2]), `new-web-1 sees ${clients[2]}`)
  const own = `import urllib.request as u; print(u.urlopen("http://${source.address}:${plain}/").read().decode())`
  assert.equal((await source.run(`python3 -c '${own}'`)).trim(), `new-web-1 sees ${source.address}`)
  assert.deepEqual(await wait(['rollback', 'web-1']), [`new-web-1 sees ${clients[1]}`, `web-1 sees ${clients[1]}`])
  assert.equal(await seenAt(target.address, clients[2]), `web-1 sees ${clients[2]}`)
})
