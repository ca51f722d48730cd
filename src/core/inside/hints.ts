// What a look inside suggests for the move of a node. A person decides; nothing here becomes part of a move by itself.
import type { Hint, Inventory, Node } from '../node.ts'
import type { Connection, Inside, Listener, Mount } from './schema.ts'

/** Address -> whose it is. */
export type Peers = ReadonlyMap<string, readonly Node[]>

export function peersOf(nodes: readonly Node[]): Peers {
  const ends = nodes.flatMap((node) => [...new Set([...node.addresses, ...node.nics.flatMap((nic) => nic.addresses)])].map((address) => ({ address, node })))
  const byAddress = Map.groupBy(ends, ({ address }) => address)
  return new Map([...byAddress].map(([address, found]) => [address, found.map(({ node }) => node)]))
}

/** The inventories with the hints that follow from what their nodes told, whatever provider the others are at. */
export function withHints(inventories: readonly Inventory[]): Inventory[] {
  const peers = peersOf(inventories.flatMap(({ nodes }) => nodes))
  const hinted = (node: Node): Node => (node.inside === undefined ? node : { ...node, hints: [...(node.hints ?? []), ...hintsOf(node, node.inside, peers)] })
  return inventories.map((inventory) => ({ ...inventory, nodes: inventory.nodes.map(hinted) }))
}

export function hintsOf(node: Node, inside: Inside, peers: Peers): Hint[] {
  const hints = [...afterHints(node, inside, peers), ...listenerHints(inside.listeners ?? []), ...dataHints(inside), ...nameHints(inside)]
  const known = new Set<string>()
  return hints.filter(({ key, value }) => !known.has(`${key} ${value}`) && known.add(`${key} ${value}`))
}

export type Talk = Connection & { readonly peer: Node }

/** Whom of the others a node talks to, by which of their addresses. */
export function talksOf(node: Node, inside: Inside, peers: Peers): Talk[] {
  const met = (inside.connections ?? []).map((connection) => ({ ...connection, peers: peers.get(connection.address) ?? [] }))
  return met.flatMap(({ peers: found, ...connection }) => (found.includes(node) ? [] : found.map((peer) => ({ ...connection, peer }))))
}

/** Whom a node talks to must be there before it. */
function afterHints(node: Node, inside: Inside, peers: Peers): Hint[] {
  return talksOf(node, inside, peers).map(({ peer, address, port, unit, program }) => {
    const by = unit ?? program
    return { key: 'after', value: peer.name, text: `talks to ${peer.name} (${address}:${port})${by === null ? '' : ` from ${by}`}` }
  })
}

/** Ssh is how we come in, and the system's own services the target has already. */
const ofTheSystem = /^(sshd?|systemd-.*|dbus|rpcbind|lifeboat-.*)(@.*)?\.(service|socket)$/

function listenerHints(listeners: readonly Listener[]): Hint[] {
  return listeners.filter(isServed).flatMap((listener) => {
    const { protocol, port, unit, program, package: origin } = listener
    const source = origin === null ? '' : `, package ${origin.name} ${origin.version}`
    const who = `${unit ?? program ?? 'a process that could not be seen'}${unit === null || program === null ? '' : ` (${program}${source})`}`
    const value = protocol === 'tcp' ? String(port) : `${port}/udp`
    const hints: Hint[] = isLoopback(listener) ? [] : [{ key: 'ports', value, text: `${who} listens` }]
    if (unit !== null) hints.push({ key: 'services', value: unit, text: `listens on ${value}` })
    return hints
  })
}

function isServed({ protocol, port, unit, program }: Listener): boolean {
  if (unit === null ? program?.endsWith('/sshd') === true : ofTheSystem.test(unit)) return false
  // High ports of UDP are clients that wait for an answer.
  return protocol === 'tcp' || (port < 32_768 && port !== 68)
}

function isLoopback({ address }: Listener): boolean {
  return address.startsWith('127.') || address === '::1'
}

const movers = { postgresql: 'postgres', mysql: 'mysql', redis: 'redis' } as const

function dataHints({ mounts, databases }: Inside): Hint[] {
  const servers = (databases ?? []).map(({ kind, version, databases: held }): Hint => {
    const sizes = held.flatMap(({ sizeMiB }) => (sizeMiB === null ? [] : [sizeMiB]))
    const size = sizes.length === 0 ? '' : `, ${Math.round(sizes.reduce((sum, one) => sum + one, 0))} MiB`
    return { key: 'data', value: movers[kind], text: `${kind} ${version}, ${held.length} databases${size}` }
  })
  const folders = (mounts ?? []).filter(({ place }) => place !== '/' && !/^\/(boot|usr|efi)(\/|$)/.test(place))
  return [...folders.map((mount): Hint => ({ key: 'data', value: mount.place, text: describeMount(mount) })), ...servers]
}

/** `ext4, 12 MiB in 330 files, 3 of them changed within an hour (0.2 MiB)` */
export function describeMount({ type, usedMiB, files, changedFiles, changedMiB }: Mount): string {
  const size = usedMiB === null ? '' : `, ${Math.round(usedMiB)} MiB${files === null ? '' : ` in ${files} files`}`
  const change = changedFiles === null ? '' : `, ${changedFiles} changed within an hour (${changedMiB ?? '?'} MiB)`
  return `${type}${size}${change}`
}

function nameHints({ virtualHosts }: Inside): Hint[] {
  const names = (virtualHosts ?? []).filter(({ name }) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(name))
  return names.map(({ name, file }): Hint => ({ key: 'names', value: name, text: `served by ${file}` }))
}
