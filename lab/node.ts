// A node: a real Debian with systemd, sshd and a volume, in a network namespace of its own.
import type { ExecResult } from '../src/io/exec.ts'
import { waitUntil } from '../src/io/wait.ts'
import { answers } from './answers.ts'
import { attempt, run, type RunOptions } from './command.ts'
import { makeMachine } from './machine.ts'
import { layWire } from './network.ts'
import { layRoot, machineId, type RootSpec } from './root.ts'
import { makeVolume, type Volume } from './volume.ts'

export type NodeSpec = RootSpec & {
  /** Of one provider's networks (network.ts). The last one of a family is the source of what the node sends elsewhere. */
  readonly addresses: readonly string[]
  readonly mac?: string
  /** A formatted volume of this size, mounted at `volumeMount` (default /srv). */
  readonly volumeMiB?: number
  readonly volumeMount?: string
  /** Volumes that exist already: device path in the node -> volume. */
  readonly volumes?: Readonly<Record<string, Volume>>
  /** The program, with arguments, that fills the volume before the first start; it runs on this machine with the volume at the folder. */
  readonly seed?: (folder: string) => readonly string[]
  /** false: return when it has been started, without waiting for sshd. */
  readonly wait?: boolean
  /** Called when the node went off or on, by whatever cause. */
  readonly onPower?: (power: 'on' | 'off') => void
}

export type LabNode = {
  readonly name: string
  /** The first of its addresses at the start. */
  readonly address: string
  /** All of them now. */
  readonly addresses: () => readonly string[]
  /** What /etc/machine-id of it says: tells nodes apart whose host names are the same. */
  readonly machineId: string
  readonly power: () => 'on' | 'off'
  /** Its first process, as this world counts; null while it is off. */
  readonly pid: () => number | null
  /** Its root file system, also while it is off. What is on volumes is not in it. */
  readonly root: string
  readonly volume: Volume | null
  /** Runs a shell command on it and answers its output; fails when the command fails. Needs no ssh. What it leaves running must not hold its output open. */
  readonly run: (command: string, options?: RunOptions) => Promise<string>
  /** The same, answering the exit code whatever it is. */
  readonly attempt: (command: string, options?: RunOptions) => Promise<ExecResult>
  /** Starts it without waiting for anything. On already is fine. */
  readonly start: () => Promise<void>
  /** Waits until it is on or off. */
  readonly until: (power: 'on' | 'off') => Promise<void>
  /** Waits until sshd answers. */
  readonly ready: () => Promise<void>
  /** Starts it and waits until sshd answers. On already is fine. */
  readonly powerOn: () => Promise<void>
  /** Shuts it down in order. */
  readonly powerOff: () => Promise<void>
  /** Takes its power away: what it had not written to its volume is lost. */
  readonly powerCut: () => Promise<void>
  readonly linkDown: () => Promise<void>
  readonly linkUp: () => Promise<void>
  readonly readdress: (addresses: readonly string[]) => Promise<void>
  /** Makes a volume appear in the running node as this device. */
  readonly attach: (device: string, volume: Volume) => Promise<void>
  /** Ends it for good: processes, network, root file system. Volumes that it was given stay. */
  readonly stop: () => Promise<void>
}

const bootSeconds = 60

/** Starts a node and waits until sshd answers on its first address. */
export async function startNode(spec: NodeSpec): Promise<LabNode> {
  const address = spec.addresses[0]
  if (address === undefined) throw new Error(`The node ${spec.name} has no address.`)
  let { addresses } = spec
  const mount = spec.volumeMount ?? '/srv'
  const [wire, root, volume] = await Promise.all([
    layWire(spec.name, spec.addresses, spec.mac),
    layRoot({ ...spec, ...(spec.volumeMiB === undefined ? {} : { mounts: { '/dev/xvdb': mount } }) }),
    spec.volumeMiB === undefined ? null : seeded(spec.name, spec.volumeMiB, spec.seed),
  ])
  const volumes = new Map(Object.entries({ ...spec.volumes, ...(volume === null ? {} : { '/dev/xvdb': volume }) }))
  const machine = makeMachine({ name: spec.name, root: root.folder, volumes, onPower: spec.onPower ?? (() => undefined) })

  const ready = async () => {
    await waitUntil(async () => ((await answers(address, 22)) ? true : null), {
      what: `An answer of sshd on ${spec.name} (${address}; console: ${machine.console})`,
      deadlineMs: bootSeconds * 1000,
      everyMs: 15,
      signal: new AbortController().signal,
    })
  }
  const powerOn = async () => {
    await machine.start()
    await ready()
  }
  const inside = (command: string) => {
    const pid = machine.pid()
    if (pid === null) throw new Error(`The node ${spec.name} is off.`)
    return ['-t', String(pid), '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w', 'env', '-i', ...environment, 'sh', '-c', command]
  }
  await machine.start()
  if (spec.wait !== false) await ready()
  return {
    name: spec.name,
    address,
    addresses: () => addresses,
    machineId: machineId(spec.name),
    power: () => (machine.pid() === null ? 'off' : 'on'),
    pid: machine.pid,
    root: root.folder,
    volume,
    run: async (command, options) => await run('nsenter', inside(command), options),
    attempt: async (command, options) => await attempt('nsenter', inside(command), options),
    start: machine.start,
    until: async (power) => {
      const wanted = async () => await Promise.resolve((machine.pid() === null ? 'off' : 'on') === power ? true : null)
      await waitUntil(wanted, { what: `${spec.name} being ${power}`, deadlineMs: 30_000, everyMs: 10, signal: new AbortController().signal })
    },
    ready,
    powerOn,
    powerOff: machine.off,
    powerCut: machine.cut,
    linkDown: wire.unplug,
    linkUp: wire.plug,
    readdress: async (wanted) => {
      await wire.readdress(wanted)
      addresses = wanted
    },
    attach: async (device, added) => {
      volumes.set(device, added)
      await machine.attach(device, added)
    },
    stop: async () => {
      await machine.cut()
      await wire.remove()
      await root.remove()
      await volume?.remove()
    },
  }
}

const environment = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8']

async function seeded(name: string, sizeMiB: number, seed: NodeSpec['seed']): Promise<Volume> {
  const volume = await makeVolume(`${name}-srv`, { sizeMiB, format: true })
  if (seed) await volume.use(seed)
  return volume
}
