// The networks of the world, all of documentation ranges (RFC 5737, RFC 3849). The world's own network namespace is the
// operator's machine, and also the router between them:
//   192.0.2.0/24     operator (.1), database (.9), APIs (.10 vCenter, .20 AWS, .30 vCloud, .40 vCloud Express), name server (.53), further machines of operators (.61 and up), clients (.101 and up)
//   198.51.100.0/24  old provider
//   203.0.113.0/24   new provider, public
//   10.20.0.0/16     new provider, private (VPC); on the same wire as its public side
//   2001:db8:0::/64, 2001:db8:1::/64, 2001:db8:2::/64  the same of IPv6: operator and clients, old, new
import { writeFileSync } from 'node:fs'
import { insideLab } from './enter.ts'
import { run } from './command.ts'

const operator = '192.0.2.1'
/** Of a database that several machines share. */
export const databaseAddress = '192.0.2.9'
export const vcenterAddress = '192.0.2.10'
export const cloudAddress = '192.0.2.20'
export const vcloudAddress = '192.0.2.30'
export const terremarkAddress = '192.0.2.40'
export const nameServer = '192.0.2.53'
/** Source addresses of clients. */
export const clients = ['192.0.2.101', '192.0.2.102', '192.0.2.103', '192.0.2.104'] as const
/** And of one that has IPv6. */
export const client6 = '2001:db8::101'

type Side = { readonly bridge: 'old' | 'new' | 'operator'; readonly prefix: string; readonly length: number; readonly gateway: string }
const sides: readonly Side[] = [
  { bridge: 'old', prefix: '198.51.100.', length: 24, gateway: '198.51.100.1' },
  { bridge: 'new', prefix: '203.0.113.', length: 24, gateway: '203.0.113.1' },
  { bridge: 'new', prefix: '10.20.', length: 16, gateway: '10.20.0.1' },
  { bridge: 'operator', prefix: '192.0.2.', length: 24, gateway: operator },
  { bridge: 'old', prefix: '2001:db8:1:', length: 64, gateway: '2001:db8:1::1' },
  { bridge: 'new', prefix: '2001:db8:2:', length: 64, gateway: '2001:db8:2::1' },
]

let built: Promise<void> | null = null

/** Builds the networks, once. */
export async function buildNetwork(): Promise<void> {
  built ??= build()
  await built
}

async function build(): Promise<void> {
  if (!insideLab()) throw new Error('Networks are made inside a world only: call enterLab() first.')
  const here = [operator, databaseAddress, vcenterAddress, cloudAddress, vcloudAddress, terremarkAddress, nameServer, ...clients]
  await ip([
    // Addresses of this machine; wires lead to it only from further machines of operators.
    'link add operator type bridge',
    ...here.map((address) => `addr add ${address}/24 dev operator`),
    ...['2001:db8::1', client6].map((address) => `addr add ${address}/64 dev operator nodad`),
    'link set operator up',
    'link add old type bridge',
    'link add new type bridge',
    ...sides.filter(({ bridge }) => bridge !== 'operator').flatMap(({ bridge, gateway, length }) => [added(gateway, length, bridge), `link set ${bridge} up`]),
  ])
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1')
}

/** A network card of a node: its wire is a veth pair, `eth0` in the node's namespace and one end in a bridge here. */
export type Wire = {
  /** The node's network namespace, under /run/netns. */
  readonly namespace: string
  readonly plug: () => Promise<void>
  readonly unplug: () => Promise<void>
  /** Gives the node exactly these addresses. The last one of a family is the source of what it sends elsewhere. */
  readonly readdress: (addresses: readonly string[]) => Promise<void>
  readonly remove: () => Promise<void>
}

let wires = 0

/** Makes a network namespace with one card and these addresses, which must be of one provider, or of operators. */
export async function layWire(namespace: string, addresses: readonly string[], mac?: string): Promise<Wire> {
  await buildNetwork()
  // Interface names have at most 15 characters; those of nodes may be longer.
  const port = `wire${wires++}`
  await ip([
    `netns add ${namespace}`,
    `link add ${port} type veth peer name eth0 ${mac === undefined ? '' : `address ${mac}`} netns ${namespace}`,
    `link set ${port} master ${sideOf(addresses[0]).bridge} up`,
  ])
  await ip(['link set lo up', 'link set eth0 up', ...addressing(addresses)], namespace)
  await ip([`neigh flush dev ${sideOf(addresses[0]).bridge}`])
  return {
    namespace,
    plug: async () => await ip([`link set ${port} up`]),
    unplug: async () => await ip([`link set ${port} down`]),
    readdress: async (wanted) => {
      await ip(['addr flush dev eth0', ...addressing(wanted)], namespace)
      // Another node may have had one of these a moment ago.
      await ip([`neigh flush dev ${sideOf(wanted[0]).bridge}`])
    },
    remove: async () => await ip([`netns del ${namespace}`]),
  }
}

function addressing(addresses: readonly string[]): string[] {
  const families = [addresses.filter((address) => !isSix(address)), addresses.filter(isSix)].filter((family) => family.length > 0)
  return families.flatMap((family) => {
    const { gateway } = sideOf(family[0])
    const sourced = family.length > 1 ? `src ${family.at(-1)}` : ''
    return [...family.map((address) => added(address, sideOf(address).length, 'eth0')), `route replace default via ${gateway} ${sourced}`]
  })
}

/** Nobody else can have it: without a wait for that (`nodad`) it can be used at once. */
function added(address: string, length: number, device: string): string {
  return `addr add ${address}/${length} dev ${device} ${isSix(address) ? 'nodad' : ''}`
}

function isSix(address: string): boolean {
  return address.includes(':')
}

/** Which provider's network an address is of; null: none's. */
export function networkOf(address: string): 'old' | 'new' | null {
  const bridge = sides.find(({ prefix }) => address.startsWith(prefix))?.bridge
  return bridge === undefined || bridge === 'operator' ? null : bridge
}

function sideOf(address: string | undefined): Side {
  const side = sides.find(({ prefix }) => address?.startsWith(prefix))
  if (!side)
    throw new Error(
      `${address ?? 'no address'} is in none of the lab's provider networks (198.51.100.0/24, 203.0.113.0/24, 10.20.0.0/16, 2001:db8:1::/64, 2001:db8:2::/64).`,
    )
  return side
}

async function ip(commands: readonly string[], namespace?: string): Promise<void> {
  await run('ip', [...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'], { input: `${commands.join('\n')}\n` })
}
