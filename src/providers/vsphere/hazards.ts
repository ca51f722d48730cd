// What about a machine makes moving it harder than copying files: one row each.
import type { Notice } from '../../core/node.ts'
import { originHazards } from '../../core/not-moved.ts'
import { at, textAt, type XmlElement } from '../../io/xml.ts'
import { backingType, capacityOf, devicesOf, hasDevice, isOnSharedBus, labelOf, virtualDisks } from './devices.ts'
import { osOf, toolsOf } from './guest.ts'
import { booleanOf, textOf, valueAt, type VimObject } from './properties.ts'
import { snapshotTrees } from './snapshots.ts'

type Severity = Notice['severity']
type Row<Subject> = readonly [code: string, severity: Severity, text: (subject: Subject) => string | null]

const twoTiB = 2 * 1024 ** 4

/** A row applies when it has something to say. */
const machineRows: readonly Row<VimObject>[] = [
  ['template', 'info', (machine) => when(isTrue(machine, 'config.template'), 'It is a template, not a running machine.')],
  ['system-machine', 'info', (machine) => when(/^vCLS[-_ ]/.test(textOf(machine, 'name') ?? ''), 'vCenter runs it for its own cluster services.')],
  ['not-connected', 'warning', notConnected],
  ['suspended', 'warning', (machine) => when(isSuspended(machine), 'It is suspended: its memory is on disk and would be lost by a power-off.')],
  [
    'consolidation-needed',
    'warning',
    (machine) => when(isTrue(machine, 'runtime.consolidationNeeded'), 'Its disks still hang on a removed snapshot and need consolidation.'),
  ],
  ['snapshots', 'warning', snapshotChain],
  ['guest-unknown', 'warning', guestUnknown],
  ['guest-differs', 'info', guestDiffers],
  ['vtpm', 'warning', (machine) => when(hasTpm(machine), 'It has a virtual TPM; keys that are sealed in it do not move.')],
  ['pci-passthrough', 'warning', (machine) => when(hasDevice(devicesOf(machine), 'VirtualPCIPassthrough'), 'It uses a PCI device of its host.')],
  ['fault-tolerance', 'warning', (machine) => when(valueAt(machine, 'config.ftInfo') !== null, 'It is one half of a fault-tolerant pair.')],
]

type DiskOf = {
  readonly disk: XmlElement
  readonly devices: readonly XmlElement[]
  /** The machine runs on a snapshot, which is why its disks are deltas, and is told already. */
  readonly onSnapshot: boolean
}

const diskRows: readonly Row<DiskOf>[] = [
  ['disk-raw', 'warning', ({ disk }) => when(/RawDisk/.test(backingType(disk)), `${labelOf(disk)} is a raw device of the storage (${modeOf(disk)}).`)],
  [
    'disk-shared',
    'error',
    ({ disk, devices }) => when(isOnSharedBus(disk, devices), `${labelOf(disk)} is shared with another machine, which may write to it at any time.`),
  ],
  ['disk-over-2tib', 'warning', ({ disk }) => tooLarge(disk)],
  [
    'disk-delta',
    'info',
    ({ disk, onSnapshot }) =>
      when(!onSnapshot && isDelta(disk), `${labelOf(disk)} holds only what differs from another disk: it is a linked clone, or left over from a snapshot.`),
  ],
  ['disk-independent', 'info', ({ disk }) => when(diskMode(disk).startsWith('independent'), `${labelOf(disk)} is left out of snapshots (${diskMode(disk)}).`)],
]

export function hazardsOf(machine: VimObject): readonly Notice[] {
  const devices = devicesOf(machine)
  const onSnapshot = snapshotTrees(machine).depth > 0
  const disks = virtualDisks(devices).map((disk) => ({ disk, devices, onSnapshot }))
  const origin = {
    product: textOf(machine, 'summary.config.product.name'),
    vendor: textOf(machine, 'summary.config.product.vendor'),
    managedBy: textOf(machine, 'config.managedBy.extensionKey'),
  }
  return [...applied(machineRows, machine), ...originHazards(origin), ...disks.flatMap((disk) => applied(diskRows, disk))]
}

function applied<Subject>(rows: readonly Row<Subject>[], subject: Subject): readonly Notice[] {
  return rows.flatMap(([code, severity, say]) => {
    const text = say(subject)
    return text === null ? [] : [{ code, severity, text }]
  })
}

function when(holds: boolean, text: string): string | null {
  return holds ? text : null
}

function isTrue(machine: VimObject, path: string): boolean {
  return booleanOf(textOf(machine, path)) === true
}

function isSuspended(machine: VimObject): boolean {
  return textOf(machine, 'runtime.powerState') === 'suspended'
}

function hasTpm(machine: VimObject): boolean {
  return hasDevice(devicesOf(machine), 'VirtualTPM') || isTrue(machine, 'summary.config.tpmPresent')
}

function notConnected(machine: VimObject): string | null {
  const state = textOf(machine, 'runtime.connectionState')
  return when(state !== null && state !== 'connected', `vCenter has no connection to it (${state}); what it says may be old.`)
}

function snapshotChain(machine: VimObject): string | null {
  const { depth } = snapshotTrees(machine)
  return when(depth > 0, `It runs on a chain of ${depth} ${depth === 1 ? 'snapshot' : 'snapshots'}, which slows its disks.`)
}

function guestUnknown(machine: VimObject): string | null {
  const { family, id } = osOf(machine)
  return when(family === 'unknown', `Its operating system is not known (${id ?? 'nothing is given'}).`)
}

function guestDiffers(machine: VimObject): string | null {
  const configured = textOf(machine, 'config.guestId')
  const { id } = osOf(machine)
  const differs = toolsOf(machine) === 'running' && id !== null && configured !== null && id !== configured
  return when(differs, `It is configured as ${configured}, and ${id} runs in it.`)
}

function modeOf(disk: XmlElement): string {
  return textAt(disk, 'backing', 'compatibilityMode') ?? 'mode not given'
}

function diskMode(disk: XmlElement): string {
  return textAt(disk, 'backing', 'diskMode') ?? ''
}

function isDelta(disk: XmlElement): boolean {
  return at(disk, 'backing', 'parent') !== null
}

function tooLarge(disk: XmlElement): string | null {
  const bytes = capacityOf(disk) ?? 0
  return when(bytes > twoTiB, `${labelOf(disk)} has ${(bytes / 1024 ** 4).toFixed(1)} TiB; the limit of an MBR partition table is 2 TiB.`)
}
