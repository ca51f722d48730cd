// Ties the APIs of providers to nodes: what is switched there happens here, so that a fence in the lab is a real fence.
import type { Cloud, Instance } from './cloud.ts'
import type { RunningInstance } from './instance.ts'
import type { LabNode } from './node.ts'
import type { MachineEvent } from './host.ts'

/** Carries out what happens to the machines of a vCenter: off is a power cut, a disconnected card a link that is down. */
export function machineEvents(nodes: ReadonlyMap<string, LabNode>, complain: (text: string) => void): (event: MachineEvent) => void {
  const queues = new Map<string, Promise<void>>()
  return (event) => {
    const node = nodes.get(event.machine)
    if (!node) return
    // One after the other for each node, in the order in which they happened.
    const before = queues.get(event.machine) ?? Promise.resolve()
    const work = before.then(async () => await carryOut(node, event)).catch((error: unknown) => complain(`${node.name}: ${String(error)}`))
    queues.set(event.machine, work)
  }
}

async function carryOut(node: LabNode, event: MachineEvent): Promise<void> {
  if (event.event === 'nic') await (event.connected ? node.linkUp() : node.linkDown())
  else if (event.power === 'on') await node.start()
  else await node.powerCut()
}

export type CloudHypervisor = {
  /** Instance id -> node, of those that have booted. */
  readonly nodes: () => ReadonlyMap<string, LabNode>
  /** The node with this private, public or elastic address; null: none (yet). */
  readonly nodeAt: (address: string) => LabNode | null
  readonly stop: () => Promise<void>
}

const lookEveryMs = 200

/** Boots, changes and ends nodes as the cloud's API says, until stopped. `hasDatabases`: whether the image of the node of this host name does. */
export function runCloud(cloud: Cloud, hasDatabases: (hostname: string) => boolean, complain: (text: string) => void): CloudHypervisor {
  const running = new Map<string, RunningInstance>()
  const work = new Set<Promise<void>>()
  const busy = new Set<string>()
  let stopped = false

  const follow = async (instance: Instance) => {
    const known = running.get(instance.id)
    if (known) await known.follow(instance)
    else if (instance.state === 'running' || instance.state === 'pending') {
      // Loaded late: the client of EC2 is a large one, and most worlds have no cloud.
      const { runInstance } = await import('./instance.ts')
      running.set(instance.id, await runInstance(instance, cloud, hasDatabases))
    }
  }
  const look = async () => {
    const instances = await cloud.instances().catch(() => [])
    for (const instance of instances) {
      if (busy.has(instance.id)) continue
      busy.add(instance.id)
      const done = follow(instance)
        .catch((error: unknown) => complain(`${instance.id}: ${error instanceof Error ? error.message : String(error)}`))
        .finally(() => {
          busy.delete(instance.id)
          work.delete(done)
        })
      work.add(done)
    }
  }
  const timer = setInterval(() => void (stopped || look()), lookEveryMs).unref()
  const nodes = () => new Map([...running].flatMap(([id, { node }]) => (node() === null ? [] : [[id, node()] as [string, LabNode]])))
  return {
    nodes,
    nodeAt: (address) => [...running.values()].find((instance) => instance.addresses().includes(address))?.node() ?? null,
    stop: async () => {
      stopped = true
      clearInterval(timer)
      await Promise.all(work)
      await Promise.all([...running.values()].map(async (instance) => await instance.end()))
    },
  }
}
