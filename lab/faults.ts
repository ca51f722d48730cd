// What can be made to go wrong in a world, and be mended again.
import { networkOf } from './network.ts'
import type { LabNode } from './node.ts'
import { slowData, slowLink, type SlowLink } from './slow-link.ts'
import type { World } from './world.ts'

type NodeFault = { readonly title: string; readonly cause: (node: LabNode, world: World) => Promise<unknown> }
type ServiceFault = {
  readonly on: Service
  readonly title: string
  readonly cause: (world: World) => Promise<unknown>
  readonly mend: (world: World) => Promise<unknown>
}

const services = ['names', 'host', 'cloud', 'link'] as const
type Service = (typeof services)[number]

/** Of the link while it is slow: 40 ms there and back, 10 MB/s in each direction. */
const slow = { delayMs: 20, bytesPerSecond: 10_000_000 }
/** Of the way to nodes of the old provider while it is ill. */
const ill = { delayMs: 1050, bytesPerSecond: 10_000_000 }
const slowLinks = new WeakMap<World, SlowLink>()
const slowWays = new WeakMap<World, SlowLink>()
const filler = '/srv/.lab-filler'
const forEver = 1_000_000_000
const nodeFaults = {
  'power-cut': {
    title: 'its power is gone, and with it what it had not written to its volume',
    cause: async (node, world) => await (isHosted(world, node) ? switchPower(node, world, 'off') : node.powerCut()),
  },
  'power-on': {
    title: 'no fault: switches it on again',
    cause: async (node, world) => await (isHosted(world, node) ? switchPower(node, world, 'on') : node.start()),
  },
  'link-down': { title: 'its network cable is out', cause: async (node) => await node.linkDown() },
  'sshd-stop': {
    title: 'nobody can log in any more; its services go on',
    cause: async (node) => await node.run('systemctl stop ssh.socket ssh.service'),
  },
  'disk-full': {
    title: 'its volume is full',
    cause: async (node) => await node.attempt(`fallocate -l $(df --output=avail -B1 /srv | tail -1) ${filler} || dd if=/dev/zero of=${filler} bs=1M`),
  },
} as const satisfies Record<string, NodeFault>

const serviceFaults = {
  'name-server-stop': {
    on: 'names',
    title: 'the name server does not run',
    cause: async ({ names }) => await names?.stop(),
    mend: async ({ names }) => await names?.start(),
  },
  'name-server-mute': {
    on: 'names',
    title: 'the name server takes connections and never answers',
    cause: async ({ names }) => await names?.freeze(),
    mend: async ({ names }) => await names?.thaw(),
  },
  // Before the other one, because what is mended in turn has to be awake.
  'host-dead': {
    on: 'host',
    title: 'it accepts connections and never answers',
    cause: async ({ host }) => await host?.freeze(),
    mend: async ({ host }) => await host?.thaw(),
  },
  'host-503': {
    on: 'host',
    title: 'a proxy answers 503 in its place',
    cause: async ({ host }) => await host?.control('/status', { code: 503, count: forEver }),
    mend: async ({ host }) => await host?.control('/faults/clear', {}),
  },
  quota: {
    on: 'cloud',
    title: 'no more instances: InstanceLimitExceeded',
    cause: async ({ cloud }) => await cloud?.refuse({ code: 'InstanceLimitExceeded', count: forEver }),
    mend: async ({ cloud }) => await cloud?.refuse({ code: 'InstanceLimitExceeded', count: 0 }),
  },
  'slow-link': {
    on: 'link',
    title: 'new connections between the providers are slow and far: 40 ms, 10 MB/s',
    cause: async (world) => {
      if (slowLinks.has(world)) return
      const addresses = [...world.nodes.values(), ...(world.hypervisor?.nodes().values() ?? [])].flatMap((node) => node.addresses())
      const of = (network: 'old' | 'new') => addresses.filter((address) => networkOf(address) === network)
      slowLinks.set(world, await slowLink(of('old'), of('new'), slow))
    },
    mend: async (world) => {
      await slowLinks.get(world)?.restore()
      slowLinks.delete(world)
    },
  },
  'slow-data': {
    on: 'link',
    title: 'connections to the old provider are made at once; what is sent over new ones takes 1 s each way, and waits for a round trip before',
    cause: async (world) => {
      if (slowWays.has(world)) return
      const old = [...world.nodes.values()].filter(({ address }) => networkOf(address) === 'old')
      slowWays.set(world, await slowData(old, ill))
    },
    mend: async (world) => {
      await slowWays.get(world)?.restore()
      slowWays.delete(world)
    },
  },
} as const satisfies Record<string, ServiceFault>

const ofNodes: ReadonlyMap<string, NodeFault> = new Map(Object.entries(nodeFaults))
const ofServices: ReadonlyMap<string, ServiceFault> = new Map(Object.entries(serviceFaults))
export type FaultKind = keyof typeof nodeFaults | keyof typeof serviceFaults

/** All kinds, with what they act on and what they do. */
export function faultKinds(): { readonly kind: string; readonly on: string; readonly title: string }[] {
  return [...[...ofNodes].map(([kind, { title }]) => ({ kind, on: 'a node', title })), ...[...ofServices].map(([kind, { on, title }]) => ({ kind, on, title }))]
}

/**
 * Causes a fault, or with `none` mends everything of the subject: a node by its name, or names, host (of the old provider), cloud, link.
 * Twice is fine. Throws a sentence that says what there is instead.
 */
export async function causeFault(world: World, subject: string, kind: FaultKind | 'none'): Promise<void> {
  const node = world.nodes.get(subject) ?? world.hypervisor?.nodes().get(subject)
  if (node) {
    if (kind === 'none') return await mendNode(node, world)
    const fault = ofNodes.get(kind)
    if (!fault) throw new Error(`${subject} cannot have the fault ${kind}. It can have: ${[...ofNodes.keys()].join(', ')}.`)
    await fault.cause(node, world)
    return
  }
  const possible = [...ofServices].filter(([, { on }]) => on === subject)
  const missing = { names: !world.names, host: !world.host, cloud: !world.cloud, link: false }
  const present = services.filter((service) => !missing[service])
  if (!present.some((service) => service === subject)) {
    throw new Error(`There is no ${subject} here. There are: ${[...world.nodes.keys(), ...present].join(', ')}.`)
  }
  if (kind === 'none') {
    for (const [, fault] of possible) await fault.mend(world)
    return
  }
  const fault = possible.find(([each]) => each === kind)?.[1]
  if (!fault) throw new Error(`${subject} cannot have the fault ${kind}. It can have: ${possible.map(([each]) => each).join(', ')}.`)
  await fault.cause(world)
}

async function mendNode(node: LabNode, world: World): Promise<void> {
  await node.linkUp()
  const wasOn = node.power() === 'on'
  await nodeFaults['power-on'].cause(node, world)
  if (wasOn) await node.run(`systemctl start ssh.service; rm -f ${filler}`)
  await node.ready()
  if (!wasOn) await node.run(`rm -f ${filler}`)
}

function isHosted(world: World, node: LabNode): boolean {
  return world.host !== null && world.spec.sources.some((name) => name === node.name)
}

/** As its host would report it; the hypervisor of the lab carries it out. */
async function switchPower(node: LabNode, world: World, power: 'on' | 'off'): Promise<void> {
  await world.host?.control('/power', { vm: node.name, state: power })
  await node.until(power)
}
