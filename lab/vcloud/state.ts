// What stands in the simulated vCloud Director: machines in vApps, and the tasks that change them.
import type { MachineEvent } from '../host.ts'

export type MachineSpec = {
  readonly name: string
  /** Its vApp. */
  readonly folder: string
  readonly power?: 'on' | 'off' | 'suspended'
  readonly address?: string
  readonly mac?: string
  readonly cpus?: number
  readonly memoryMiB?: number
  readonly disksMiB?: readonly number[]
  readonly cards?: number
  /** Whether the guest hears a shutdown; default yes. */
  readonly tools?: boolean
  /** Place in the order in which its vApp starts, and how long it waits then. */
  readonly order?: number
  readonly delaySeconds?: number
}

export type Card = { readonly index: number; readonly mac: string; readonly address: string | null; connected: boolean }

export type Machine = {
  readonly id: string
  readonly spec: MachineSpec
  power: 'on' | 'off' | 'suspended'
  /** A machine that was powered off and not undeployed is still deployed. */
  deployed: boolean
  readonly cards: Card[]
  snapshot: { readonly created: string } | null
  readonly metadata: Map<string, string>
  task: Task | null
}

export type VApp = { readonly id: string; readonly name: string; readonly machines: readonly Machine[] }

export type Task = {
  readonly id: string
  readonly operation: string
  readonly owner: string
  status: 'running' | 'success' | 'error' | 'canceled'
  error: string | null
  readonly cancel: () => void
}

export type Faults = {
  /** Milliseconds that a task takes. */
  taskMs: number
  /** By operation, what the next tasks fail with. */
  readonly failing: Map<string, { message: string; count: number }>
  /** vApps that answer 403, and those whose answer is cut off. */
  readonly forbidden: Set<string>
  readonly broken: Set<string>
  /** Machines whose guest does not end, though it heard. */
  readonly deaf: Set<string>
}

export type State = {
  readonly vApps: readonly VApp[]
  readonly tasks: Map<string, Task>
  readonly faults: Faults
  readonly onEvent: (event: MachineEvent) => void
}

export function stateOf(specs: readonly MachineSpec[], onEvent: (event: MachineEvent) => void): State {
  const machines = specs.map(machineOf)
  const folders = [...new Set(specs.map(({ folder }) => folder))]
  const vApps = folders.map((name, number) => ({
    id: `vapp-${uuid(0xa, number)}`,
    name,
    machines: machines.filter(({ spec }) => spec.folder === name),
  }))
  const faults: Faults = { taskMs: 20, failing: new Map(), forbidden: new Set(), broken: new Set(), deaf: new Set() }
  return { vApps, tasks: new Map(), faults, onEvent }
}

function machineOf(spec: MachineSpec, number: number): Machine {
  const power = spec.power ?? 'on'
  const macs = (card: number): string => `00:50:56:01:${hex(number)}:${hex(card)}`
  const cards = Array.from({ length: spec.cards ?? 1 }, (_, index) => ({
    index,
    mac: index === 0 ? (spec.mac ?? macs(0)) : macs(index),
    address: index === 0 ? (spec.address ?? null) : null,
    connected: true,
  }))
  return { id: `vm-${uuid(0xb, number)}`, spec, power, deployed: power !== 'off', cards, snapshot: null, metadata: new Map(), task: null }
}

function uuid(kind: number, number: number): string {
  return `0000000${kind.toString(16)}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

function hex(number: number): string {
  return (number % 256).toString(16).padStart(2, '0')
}

export function machinesIn(state: State): readonly Machine[] {
  return state.vApps.flatMap(({ machines }) => machines)
}

/** Switches a machine, and tells whoever carries it out. */
export function switchPower(state: State, machine: Machine, power: Machine['power'], deployed = power !== 'off'): void {
  const changed = machine.power !== power
  machine.power = power
  machine.deployed = deployed
  if (changed) state.onEvent({ event: 'power', machine: machine.spec.name, power: power === 'on' ? 'on' : 'off' })
}

/** Plugs and unplugs cards; the machine is in the network as long as one is plugged. */
export function setCables(state: State, machine: Machine, connected: ReadonlyMap<number, boolean>): void {
  const isIn = (): boolean => machine.cards.some((card) => card.connected)
  const before = isIn()
  for (const card of machine.cards) card.connected = connected.get(card.index) ?? card.connected
  if (isIn() !== before) state.onEvent({ event: 'nic', machine: machine.spec.name, connected: isIn() })
}
