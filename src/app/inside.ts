// Looks inside all nodes of some inventories at the same time. Whatever goes wrong on a node is a warning on that node.
import { nodeAccess } from '../config/resolve.ts'
import type { Config } from '../config/schema.ts'
import { LifeboatError } from '../core/errors.ts'
import { reachableAddress } from '../core/find-node.ts'
import { parseInside } from '../core/inside/parse.ts'
import type { Inventory, Node, Notice } from '../core/node.ts'
import { openSsh } from '../io/ssh.ts'
import type { Keyring } from '../io/ssh-agent.ts'
import { lookInside } from '../nodes/inside/look.ts'

/** `look` answers what a node printed. */
export type Look = (provider: string, node: Node) => Promise<string>

const nodesAtOnce = 32
const deadlineMs = 30_000

/** The inventories with what their nodes told of themselves. */
export async function withInside(inventories: readonly Inventory[], look: Look): Promise<Inventory[]> {
  const places = inventories.flatMap(({ provider, nodes }) => nodes.map((node) => ({ provider, node })))
  const looked = await side(places, nodesAtOnce, async ({ provider, node }) => await lookAt(provider, node, look))
  const after = new Map(places.map(({ node }, index) => [node, looked[index] ?? node]))
  return inventories.map((inventory) => ({ ...inventory, nodes: inventory.nodes.map((node) => after.get(node) ?? node) }))
}

async function lookAt(provider: string, node: Node, look: Look): Promise<Node> {
  const noted = (severity: Notice['severity'], code: string, text: string): Node => ({ ...node, hazards: [...node.hazards, { code, severity, text }] })
  const reason = whyNot(node)
  if (reason !== null) return noted('info', 'inside-skipped', `Not looked into: ${reason}.`)
  try {
    return { ...node, inside: parseInside(await look(provider, node), new Date().toISOString()) }
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error
    return noted('warning', 'inside-unread', error.message)
  }
}

function whyNot({ power, template, os }: Node): string | null {
  if (template) return 'it is a template'
  if (power === 'off' || power === 'suspended') return `it is ${power}`
  return os.family === 'linux' || os.family === 'unknown' ? null : `it runs ${os.name ?? os.family}`
}

/** Over ssh, as the node's move or its provider says; a connection of its own, so that no move that runs is touched. */
export function lookOverSsh(config: Config, knownHosts: string, keyring: Keyring, signal: AbortSignal): Look {
  return async (provider, node) => {
    const access = nodeAccess(config, provider, node)
    const address = access.address ?? reachableAddress(node.addresses)
    if (address === null) throw new LifeboatError('ssh-unreachable', `Not looked into: no address of ${node.name} is known.`)
    const held = access.keyContents === null ? null : await keyring.hold(access.keyContents, `The ssh key for ${node.name}`)
    const ssh = openSsh({ ...access, address, alias: `${provider}/${node.id}`, agent: held?.socket ?? null }, { knownHosts, socketFolder: null })
    return await lookInside({ ...ssh.target, run: ssh.run }, { signal, deadlineMs })
  }
}

/** Runs `act` for all items, so many at the same time; the results in the order of the items. */
async function side<T, R>(items: readonly T[], atOnce: number, act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const rest = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of rest) results[index] = await act(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return results
}
