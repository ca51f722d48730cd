// A second, narrow wire by which a node reaches one address, as a tunnel would be, for as long as the world stands. And
// nobody hears of it: what the node tells of packets that are too large is dropped, as careless firewalls do
// (RFC 2923 §2.1).
import { run } from '../../lab/command.ts'
import type { LabNode } from '../../lab/node.ts'

const mtu = 1280
const router = '192.0.2.249'

/** The way back of packets stays wide. */
export async function narrowWay(node: LabNode, to: string): Promise<void> {
  const lines = [
    `link add narrow mtu ${mtu} type veth peer name narrow mtu ${mtu} netns ${node.name}`,
    `addr add ${router}/32 dev narrow`,
    'link set narrow up',
  ]
  await run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` })
  // Without an address of its own on that wire, the node goes on sending from the one that it has.
  await node.run(`ip link set narrow up && ip route add ${to} via ${router} dev narrow onlink`)
  await run('nft', ['-f', '-'], { input: 'table ip deaf { chain in { type filter hook input priority 0; icmp code frag-needed counter drop; }; }\n' })
}
