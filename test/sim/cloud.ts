// Simulated providers: the old one, which lists its machines and switches them, and the new one, whose engine makes a
// machine in two steps, so that it may die between them as a real one does.
import type { Details } from '../../src/core/errors.ts'
import { newMachine, refusal, type Machine } from './machine.ts'

/** What an engine has made of one stack. `pending`: asked for, never confirmed. */
type Stack = { outputs: Details | null; pending: string | null; isChanged: boolean }

export type Cloud = {
  readonly machines: Map<string, Machine>
  readonly stacks: Map<string, Stack>
  /** Machines that were made for a stack, also those that nobody knows any more. */
  readonly made: Map<string, string[]>
  readonly holdsData: Set<string>
  /** Machines that were destroyed although they held data. */
  readonly destroyed: string[]
  /** How many addresses were given out: each only once. */
  given: number
}

const service = 'app.service'

function machineOf(cloud: Cloud, provider: string, id: unknown): Machine {
  const found = [...cloud.machines.values()].find((machine) => machine.provider === provider && machine.id === id)
  if (found === undefined) throw refusal('node-unknown', `${provider} has no node ${String(id)}.`)
  return found
}

function nodeOf({ id, address, isOn, isConnected, snapshots }: Machine): Details {
  const nic = { mac: '02:00:00:00:00:01', network: 'lan', connected: isConnected, addresses: [address] }
  const known = { cpus: 1, memoryMiB: 1024, path: `/${id}`, hostname: id, firmware: 'efi', snapshots: snapshots.size, tools: 'running' }
  const os = { family: 'linux', id: 'debian12', name: 'Debian 12' }
  const shape = { id, name: id, power: isOn ? 'on' : 'off', template: false, disks: [{ label: 'sda', sizeMiB: 1024, usedMiB: 10 }], nics: [nic], os }
  return { ...known, ...shape, addresses: [address], labels: {}, hazards: [], unknown: [] }
}

type SourceOp = (cloud: Cloud, provider: string, args: Details) => Details

export const sourceOps: Readonly<Record<string, SourceOp>> = {
  nodes: (cloud, provider) => ({ nodes: [...cloud.machines.values()].filter((machine) => machine.provider === provider).map(nodeOf) }),
  power: (cloud, provider, args) => {
    const machine = machineOf(cloud, provider, args['id'])
    machine.isOn = args['wanted'] === 'on'
    if (!machine.isOn) machine.running.clear()
    else if (machine.helper?.role !== 'closed') machine.running.add(service)
    return {}
  },
  snapshot: (cloud, provider, args) => {
    machineOf(cloud, provider, args['id']).snapshots.add(String(args['name']))
    return {}
  },
  network: (cloud, provider, args) => {
    machineOf(cloud, provider, args['id']).isConnected = args['wanted'] === 'connected'
    return {}
  },
}

const stackOf = (cloud: Cloud, name: string): Stack => cloud.stacks.get(name) ?? { outputs: null, pending: null, isChanged: false }

/** The address of the n-th machine that is made: one that nobody else has. */
function addressOf(nth: number): string {
  return `203.0.${113 + Math.floor(nth / 250)}.${1 + (nth % 250)}`
}

export const stackOps: Readonly<Record<string, (cloud: Cloud, name: string, args: Details) => Details>> = {
  outputs: (cloud, name) => ({ outputs: stackOf(cloud, name).outputs, isChanged: stackOf(cloud, name).isChanged }),
  pending: (cloud, name) => ({ pending: stackOf(cloud, name).pending }),
  forget: (cloud, name) => {
    cloud.stacks.set(name, { ...stackOf(cloud, name), pending: null })
    return {}
  },
  /** Begins to make what is declared; an object that is there stays what it is. */
  create: (cloud, name, args) => {
    const stack = stackOf(cloud, name)
    if (stack.pending !== null) throw refusal('provision-failed', `${name} has an unresolved pending create.`)
    if (stack.outputs !== null) {
      cloud.stacks.set(name, { ...stack, isChanged: false })
      return { made: 0, repaired: stack.isChanged ? 1 : 0 }
    }
    const made = cloud.made.get(name) ?? []
    // What moves share is no machine.
    const { provider } = args
    if (typeof provider !== 'string') {
      cloud.stacks.set(name, { outputs: null, pending: name, isChanged: false })
      return { made: 1, repaired: 0 }
    }
    const nth = cloud.given++
    const machine = newMachine(provider, `${name}-${nth}`, addressOf(nth), [])
    cloud.machines.set(machine.address, machine)
    cloud.made.set(name, [...made, machine.address])
    cloud.stacks.set(name, { outputs: null, pending: machine.id, isChanged: false })
    return { made: 1, repaired: 0 }
  },
  /** What a provider is asked by tags. */
  find: (cloud, name) => ({ id: cloud.machines.get(cloud.made.get(name)?.at(-1) ?? '')?.id ?? null }),
  confirm: (cloud, name, args) => {
    const stack = stackOf(cloud, name)
    if (stack.outputs !== null) return { outputs: stack.outputs }
    if (stack.pending === null) throw refusal('provision-failed', `${name} was never asked for.`)
    const address = cloud.made.get(name)?.at(-1)
    const outputs = { ...(args['declared'] as Details), ...(address === undefined ? {} : { address, instanceId: stack.pending }) }
    cloud.stacks.set(name, { ...stack, outputs, pending: null })
    return { outputs }
  },
  disturb: (cloud, name) => {
    cloud.stacks.set(name, { ...stackOf(cloud, name), isChanged: true })
    return {}
  },
  destroy: (cloud, name) => {
    const stack = stackOf(cloud, name)
    if (stack.outputs === null) return { deleted: 0 }
    const address = String(stack.outputs['address'])
    if (cloud.holdsData.has(address)) cloud.destroyed.push(address)
    cloud.stacks.delete(name)
    cloud.made.set(
      name,
      (cloud.made.get(name) ?? []).filter((each) => each !== address),
    )
    cloud.machines.delete(address)
    return { deleted: 1 }
  },
  mark: (cloud, _name, args) => {
    cloud.holdsData.add(String(args['address']))
    return {}
  },
  marked: (cloud, _name, args) => ({ holdsData: cloud.holdsData.has(String(args['address'])) }),
}
