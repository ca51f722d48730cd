// What about a machine makes moving it harder than copying files: one row each.
import type { Notice } from '../../core/node.ts'
import { textAt, type XmlElement } from '../../io/xml.ts'
import { backingType, capacityOf, devicesOf, hasDevice, isOnSharedBus, labelOf, virtualDisks } from './devices.ts'
import { osOf, toolsOf } from './guest.ts'
import { booleanOf, textOf, valueAt, type VimObject } from './properties.ts'
import { snapshotTrees } from './snapshots.ts'

const twoTiB = 2 * 1024 ** 4

export function hazardsOf(machine: VimObject): readonly Notice[] {
  return [...stateHazards(machine), ...diskHazards(machine), ...deviceHazards(machine)]
}

function warning(code: string, text: string): Notice {
  return { code, severity: 'warning', text }
}

function stateHazards(machine: VimObject): Notice[] {
  const found: Notice[] = []
  const connection = textOf(machine, 'runtime.connectionState')
  const name = textOf(machine, 'name') ?? ''
  if (booleanOf(textOf(machine, 'config.template'))) found.push({ code: 'template', severity: 'info', text: 'It is a template, not a running machine.' })
  if (/^vCLS[-_ ]/.test(name)) found.push({ code: 'system-machine', severity: 'info', text: 'vCenter runs it for its own cluster services.' })
  if (connection !== null && connection !== 'connected') {
    found.push(warning('not-connected', `vCenter has no connection to it (${connection}); what it says may be old.`))
  }
  if (textOf(machine, 'runtime.powerState') === 'suspended') {
    found.push(warning('suspended', 'It is suspended: its memory is on disk and would be lost by a power-off.'))
  }
  if (booleanOf(textOf(machine, 'runtime.consolidationNeeded'))) {
    found.push(warning('consolidation-needed', 'Its disks still hang on a removed snapshot and need consolidation.'))
  }
  const { depth } = snapshotTrees(machine)
  if (depth > 0) found.push(warning('snapshots', `It runs on a chain of ${depth} ${depth === 1 ? 'snapshot' : 'snapshots'}, which slows its disks.`))
  const os = osOf(machine)
  if (os.family === 'unknown') found.push(warning('guest-unknown', `Its operating system is not known (${os.id ?? 'nothing is given'}).`))
  const configured = textOf(machine, 'config.guestId')
  if (toolsOf(machine) === 'running' && os.id !== null && configured !== null && os.id !== configured) {
    found.push({ code: 'guest-differs', severity: 'info', text: `It is configured as ${configured}, and ${os.id} runs in it.` })
  }
  return found
}

function diskHazards(machine: VimObject): Notice[] {
  const devices = devicesOf(machine)
  return virtualDisks(devices).flatMap((disk) => diskRows(disk, devices))
}

function diskRows(disk: XmlElement, devices: readonly XmlElement[]): Notice[] {
  const found: Notice[] = []
  const label = labelOf(disk)
  const backing = backingType(disk)
  if (/RawDiskMapping|RawDiskVer/.test(backing)) {
    found.push(warning('disk-raw', `${label} is a raw device of the storage (${textAt(disk, 'backing', 'compatibilityMode') ?? 'mode not given'}).`))
  }
  if (isOnSharedBus(disk, devices)) {
    found.push({ code: 'disk-shared', severity: 'error', text: `${label} is shared with another machine, which may write to it at any time.` })
  }
  const bytes = capacityOf(disk)
  if (bytes !== null && bytes > twoTiB) {
    found.push(warning('disk-over-2tib', `${label} has ${(bytes / 1024 ** 4).toFixed(1)} TiB; the limit of an MBR partition table is 2 TiB.`))
  }
  const mode = textAt(disk, 'backing', 'diskMode') ?? ''
  if (mode.startsWith('independent')) found.push({ code: 'disk-independent', severity: 'info', text: `${label} is left out of snapshots (${mode}).` })
  return found
}

function deviceHazards(machine: VimObject): Notice[] {
  const devices = devicesOf(machine)
  const found: Notice[] = []
  if (hasDevice(devices, 'VirtualTPM') || booleanOf(textOf(machine, 'summary.config.tpmPresent'))) {
    found.push(warning('vtpm', 'It has a virtual TPM; keys that are sealed in it do not move.'))
  }
  if (hasDevice(devices, 'VirtualPCIPassthrough')) found.push(warning('pci-passthrough', 'It uses a PCI device of its host.'))
  if (valueAt(machine, 'config.ftInfo') !== null) found.push(warning('fault-tolerance', 'It is one half of a fault-tolerant pair.'))
  return found
}
