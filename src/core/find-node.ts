// Finding the node that somebody named, and the address under which it is reached.
import { byCodeUnit } from './canonical.ts'
import { LifeboatError } from './errors.ts'
import { didYouMean } from './nearest.ts'
import type { Inventory, Node } from './node.ts'

/**
 * The node with this id, or with this name (path, host name or id will do where no node has that name). Fails with
 * node-unknown, naming the nearest, or node-ambiguous, listing the ids.
 */
export function findNode(inventory: Inventory, wanted: { readonly id: string | null; readonly name: string | null }): Node {
  const { id, name } = wanted
  const keys = id === null ? namings : ([(node) => node.id] satisfies Naming[])
  const text = id ?? name ?? ''
  for (const key of keys) {
    const found = inventory.nodes.filter((node) => key(node) === text)
    if (found.length > 1) throw ambiguous(inventory, text, found)
    if (found[0]) return found[0]
  }
  const hint = didYouMean(
    text,
    inventory.nodes.map((node) => (id === null ? node.name : node.id)),
  )
  const gaps = inventory.complete ? '' : ' Its inventory is incomplete.'
  throw new LifeboatError('node-unknown', `${inventory.provider} has no node ${text}${hint}${gaps}`, { details: { provider: inventory.provider, node: text } })
}

type Naming = (node: Node) => string | null
const namings: readonly Naming[] = [(node) => node.name, (node) => node.path, (node) => node.hostname, (node) => node.id]

function ambiguous(inventory: Inventory, name: string, found: readonly Node[]): LifeboatError {
  const ids = found.map((node) => node.id).sort(byCodeUnit)
  const sentence = `${inventory.provider} has ${found.length} nodes called ${name}: ${ids.join(', ')}.`
  return new LifeboatError('node-ambiguous', sentence, { details: { provider: inventory.provider, node: name, ids } })
}

/** The first address that another machine could reach, IPv4 before IPv6; null: there is none. */
export function reachableAddress(addresses: readonly string[]): string | null {
  const usable = addresses.filter((address) => !/^(127\.|169\.254\.|0\.|::1?$|fe[89ab])/i.test(address))
  return usable.find((address) => !address.includes(':')) ?? usable[0] ?? null
}
