// A whole world on one machine: the shop at its old provider, what it could move to, names, customers.
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { ExecResult } from '../src/io/exec.ts'
import { waitUntil } from '../src/io/wait.ts'
import { startCloud, type Cloud } from './cloud.ts'
import { attempt, run, type RunOptions } from './command.ts'
import { writeConfig } from './config.ts'
import type { Host } from './host.ts'
import { hosts } from './hosts.ts'
import { machineEvents, runCloud, type CloudHypervisor } from './hypervisor.ts'
import { startNames, type NameServer } from './names.ts'
import { buildNetwork } from './network.ts'
import { startNode, type LabNode } from './node.ts'
import { repository, worldFolder } from './place.ts'
import { openDatabases } from './shop/databases.ts'
import { ordersOn } from './shop/orders.ts'
import { seedShop } from './shop/seed.ts'
import { shopNodes, type ShopNode } from './shop/nodes.ts'
import { hasDatabases, type WorldSpec } from './spec.ts'
import { lostWrites, startTraffic, type Figures, type Traffic } from './traffic.ts'

export type World = {
  readonly spec: WorldSpec
  /** Holds lifeboat.yaml. */
  readonly folder: string
  /** Private key that opens every node, as root; its public half beside it. */
  readonly keyFile: string
  /** All nodes by name: web-1, and new-web-1 for its static target. */
  readonly nodes: ReadonlyMap<string, LabNode>
  readonly source: (name: ShopNode) => LabNode
  /** Where the move of this name leads; with a cloud the node at the address, once there is one. */
  readonly target: (name: ShopNode) => LabNode
  readonly names: NameServer | null
  readonly host: Host | null
  readonly cloud: Cloud | null
  readonly hypervisor: CloudHypervisor | null
  /** Customers of all sources' names, or of these. */
  readonly customers: (requestsPerSecond?: number, names?: readonly string[]) => Traffic
  /** Ids of all orders that lie on a node, read from its volume or its databases. */
  readonly ordersOn: (node: LabNode) => Promise<string[]>
  /** Name -> acknowledged orders that are not exactly once on the node that its name leads to. */
  readonly lostWrites: (figures: Figures) => Promise<Record<string, string[]>>
  /** The node that has this address. */
  readonly nodeAt: (address: string) => LabNode | null
  /** Runs the CLI in the world's folder to its end. */
  readonly lifeboat: (args: readonly string[], options?: { readonly input?: string; readonly deadlineMs?: number }) => Promise<ExecResult>
  /** What went wrong in the machinery of the lab itself. */
  readonly complaints: readonly string[]
  /** Ends all of it. What is not stopped ends with the process. */
  readonly stop: () => Promise<void>
}

/** Starts a world, inside `enterLab()` only, and waits until its shop serves. All its parts start at the same time. */
export async function startWorld(spec: WorldSpec): Promise<World> {
  await buildNetwork()
  const folder = spec.folder ?? path.join(worldFolder, 'shop-team')
  mkdirSync(path.join(folder, 'secrets'), { recursive: true, mode: 0o700 })
  const keyFile = path.join(folder, 'secrets', 'id_ed25519')
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', keyFile])
  const publicKey = readFileSync(`${keyFile}.pub`, 'utf8').trim()
  const roots = spec.rootMiB === undefined ? {} : { rootMiB: spec.rootMiB }
  const complaints: string[] = []
  const complain = (text: string) => void complaints.push(text)
  const nodes = new Map<string, LabNode>()

  const sources = spec.sources.map((name) => shopNodes[name])
  const onEvent = machineEvents(nodes, complain)
  const [names, host, cloud] = await Promise.all([
    spec.names === true ? startNames(Object.fromEntries(sources.map(({ dnsName, address }) => [dnsName, [address]]))) : null,
    spec.host === undefined ? null : hosts[spec.host](machinesOf(spec.sources), onEvent),
    spec.targets === 'aws' ? startCloud() : null,
    ...sources.map(async ({ name, address, address6, mac, kind }) => {
      const seed = seedShop(kind, spec.files)
      const addresses = spec.six === undefined ? [address] : [address, address6]
      const databases = hasDatabases(spec, name)
      const node = await startNode({ name, addresses, mac, databases, ...roots, volumeMiB: spec.volumeMiB ?? 512, seed, authorizedKeys: [publicKey] })
      nodes.set(name, node)
      if (databases) await openDatabases(node)
      await serves(address)
    }),
    ...sources.map(async ({ name, targetAddress, targetAddress6 }) => {
      if (spec.targets !== 'static') return
      const target = `new-${name}`
      const addresses = spec.six === 'both' ? [targetAddress, targetAddress6] : [targetAddress]
      const databases = hasDatabases(spec, name)
      const isNext = spec.nextTargets === true
      nodes.set(
        target,
        await startNode({ name: target, addresses, databases, isNext, ...roots, volumeMiB: spec.volumeMiB ?? 512, authorizedKeys: [publicKey] }),
      )
    }),
  ])
  const hypervisor = cloud === null ? null : runCloud(cloud, (hostname) => hasDatabases(spec, hostname), complain)
  writeConfig({ folder, spec, names, host, cloud })

  const nodeAt = (address: string) => [...nodes.values()].find((node) => node.addresses().includes(address)) ?? hypervisor?.nodeAt(address) ?? null
  const found = (name: string, node: LabNode | null | undefined) => {
    if (!node) throw new Error(`There is no node for ${name} in this world.`)
    return node
  }
  return {
    spec,
    folder,
    keyFile,
    nodes,
    names,
    host,
    cloud,
    hypervisor,
    complaints,
    nodeAt,
    ordersOn,
    source: (name) => found(name, nodes.get(name)),
    target: (name) => found(`new-${name}`, nodes.get(`new-${name}`) ?? targetInCloud(hypervisor, name)),
    customers: (rate, of) => startTraffic(of ?? sources.map(({ dnsName }) => dnsName), rate, folder),
    lostWrites: async ({ acknowledged }) => {
      const lost: Record<string, string[]> = {}
      for (const [name, ids] of Object.entries(acknowledged)) {
        const [address = ''] = (await names?.addressesOf(name)) ?? []
        lost[name] = lostWrites(ids, await ordersOn(found(`${name} (${address})`, nodeAt(address))))
      }
      return lost
    },
    lifeboat: async (args, options = {}) => await runCli(folder, args, { ...options, environment: spec.environment ?? {} }),
    stop: async () => {
      await hypervisor?.stop()
      await Promise.all([...nodes.values()].map(async (node) => await node.stop()))
      await Promise.all([names?.stop(), host?.stop(), cloud?.stop()])
    },
  }
}

async function serves(address: string): Promise<void> {
  const asked = async () => ((await fetch(`http://${address}/health`).catch(() => null))?.ok === true ? true : null)
  await waitUntil(asked, { what: `An answer of the shop at ${address}`, deadlineMs: 60_000, everyMs: 20, signal: new AbortController().signal })
}

/** The newest instance with the host name of the move. */
function targetInCloud(hypervisor: CloudHypervisor | null, name: ShopNode): LabNode | undefined {
  return [...(hypervisor?.nodes().values() ?? [])].findLast((node) => readFileSync(path.join(node.root, 'etc/hostname'), 'utf8').trim() === name)
}

async function runCli(folder: string, args: readonly string[], options: RunOptions): Promise<ExecResult> {
  const config = path.join(folder, 'lifeboat.yaml')
  const cli = path.join(repository, 'src/cli.ts')
  return await attempt(process.execPath, [cli, ...args, '--config', config], { deadlineMs: 600_000, ...options })
}

function machinesOf(names: readonly ShopNode[]) {
  const shop = names.map((name) => ({ name, folder: 'shop', address: shopNodes[name].address, mac: shopNodes[name].mac }))
  // Others of the same tenant, so that an inventory is one: some are off, none is more than a record.
  const others = Array.from({ length: 22 }, (_, number) => ({
    name: `office-${String(number + 1).padStart(2, '0')}`,
    folder: 'office',
    address: `198.51.100.${100 + number}`,
    power: number % 5 === 4 ? ('off' as const) : ('on' as const),
  }))
  return [...shop, ...others]
}
