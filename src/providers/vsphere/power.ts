// What a source does to a machine: power and snapshots. Everything is read first, done only when needed, and read back.
import { LifeboatError } from '../../core/errors.ts'
import type { Power } from '../../core/node.ts'
import { escapeXml } from '../../io/xml.ts'
import { readBack, shows } from '../read-back.ts'
import { powerOf } from './derive.ts'
import { errorOf, type Fault } from './faults.ts'
import { toolsOf } from './guest.ts'
import { displayName } from './places.ts'
import type { VimObject } from './properties.ts'
import { retrieveOne } from './retrieve.ts'
import { snapshotTrees } from './snapshots.ts'
import type { CallOptions, Reference, Session } from './soap.ts'
import { runTask } from './tasks.ts'

/** How long a guest has to shut down, and a finished order to show. */
export type Patience = { readonly guestMs: number; readonly readBackMs: number }

export const usual: Patience = { guestMs: 120_000, readBackMs: 60_000 }

export function machineOf(id: string): Reference {
  return { type: 'VirtualMachine', id }
}

/** Brings a machine's power to what is wanted. Off asks the guest first, and cuts the power after `guestMs`. */
export async function setPower(
  session: Session,
  id: string,
  wanted: 'on' | 'off',
  signal: AbortSignal,
  { guestMs, readBackMs }: Patience = usual,
): Promise<void> {
  const options: CallOptions = { act: `${wanted === 'on' ? 'start' : 'stop'} ${id}`, signal }
  const power = await readPower(session, id, options)
  if (power === wanted) return
  if (wanted === 'on') await start(session, id, options)
  else await stop(session, id, power, options, guestMs)
  await readBack({ service: session.service, ...options }, isThere(session, id, wanted, options), readBackMs)
}

async function start(session: Session, id: string, options: CallOptions): Promise<void> {
  const fault = await runTask(session, 'PowerOnVM_Task', machineOf(id), '', options)
  if (fault !== null && !isUnderWay(fault)) throw errorOf(fault, session.service, options.act)
}

async function stop(session: Session, id: string, power: Power, options: CallOptions, guestMs: number): Promise<void> {
  if (power === 'suspended') {
    const sentence = `${session.service} would lose the memory of ${id} with a power-off, because it is suspended. Resume it or power it off there.`
    throw new LifeboatError('source-refused', sentence)
  }
  const { fault } = await session.call('ShutdownGuest', machineOf(id), '', options)
  if (fault?.type === 'NoPermission' || fault?.type === 'NotAuthenticated') throw errorOf(fault, session.service, options.act)
  // Without Tools nobody hears the request, and a guest may ignore it. One that is shutting down already gets its time.
  if ((fault === null || isUnderWay(fault)) && (await shows(isThere(session, id, 'off', options), guestMs, options.signal))) return
  const cut = await runTask(session, 'PowerOffVM_Task', machineOf(id), '', options)
  if (cut !== null && !isUnderWay(cut)) throw errorOf(cut, session.service, options.act)
}

/** The machine is there already, or somebody else is bringing it there: the read-back decides. */
function isUnderWay(fault: Fault): boolean {
  return fault.type === 'InvalidPowerState' || fault.type === 'TaskInProgress'
}

async function readPower(session: Session, id: string, options: CallOptions): Promise<Power> {
  return powerOf(await retrieveOne(session, machineOf(id), ['runtime.powerState', 'runtime.connectionState'], options))
}

function isThere(session: Session, id: string, wanted: Power, options: CallOptions): () => Promise<boolean> {
  return async () => (await readPower(session, id, options)) === wanted
}

/** How servers say that the guest would not hold still; a snapshot without that is still one of a moment. */
const quiesceFaults: ReadonlySet<string> = new Set(['ApplicationQuiesceFault', 'FilesystemQuiesceFault', 'QuiesceDatastoreIOForHAFailed', 'ToolsUnavailable'])

/** Takes a snapshot of the disks unless one of that name exists. */
export async function takeSnapshot(session: Session, id: string, name: string, signal: AbortSignal): Promise<void> {
  const options: CallOptions = { act: `take a snapshot of ${id}`, signal }
  const machine = await retrieveOne(session, machineOf(id), ['snapshot', 'runtime.powerState', 'guest.toolsRunningStatus'], options)
  if (hasSnapshot(machine, name)) return
  const quiesce = toolsOf(machine) === 'running'
  const take = (still: boolean): Promise<Fault | null> => runTask(session, 'CreateSnapshot_Task', machineOf(id), snapshotXml(name, still), options)
  let fault = await take(quiesce)
  if (fault !== null && quiesce && quiesceFaults.has(fault.type)) fault = await take(false)
  if (fault !== null) throw errorOf(fault, session.service, options.act)
  const after = await retrieveOne(session, machineOf(id), ['snapshot'], options)
  if (!hasSnapshot(after, name)) {
    throw new LifeboatError('source-refused', `${session.service} says that the snapshot ${name} of ${id} is taken, but does not list it.`)
  }
}

function hasSnapshot(machine: VimObject, name: string): boolean {
  return snapshotTrees(machine).names.some((stored) => stored === name || displayName(stored) === name)
}

function snapshotXml(name: string, quiesce: boolean): string {
  return `<name>${escapeXml(name)}</name><description>Taken by Lifeboat</description><memory>false</memory><quiesce>${quiesce}</quiesce>`
}
