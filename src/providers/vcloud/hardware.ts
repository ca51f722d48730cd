// Processors, memory and disks of a machine, from the items of OVF (every version) or the VmSpecSection (since 10.0).
import type { Disk } from '../../core/node.ts'
import { at, childOf, childrenOf, textAt, type XmlElement } from '../../io/xml.ts'
import { attribute, given, integer, sectionOf } from './answer.ts'

const bytesOfMiB = 1024 * 1024
/** CIM_ResourceAllocationSettingData.ResourceType: https://schemas.dmtf.org/wbem/cim-html/2/CIM_ResourceAllocationSettingData.html */
const types = { cpu: '3', memory: '4', card: '10', disk: '17' } as const

export type Hardware = {
  /** Virtual processors, not sockets. */
  readonly cpus: number | null
  readonly memoryMiB: number | null
  /** Null: no section says anything about disks. */
  readonly disks: readonly Disk[] | null
}

export function hardwareOf(machine: XmlElement): Hardware {
  const [items, spec] = [fromItems(machine), fromSpec(machine)]
  return { cpus: items.cpus ?? spec.cpus, memoryMiB: items.memoryMiB ?? spec.memoryMiB, disks: items.disks ?? spec.disks }
}

/** What the two sections say differently of the same thing, in words; empty when one of them is not there. */
export function hardwareConflicts(machine: XmlElement): readonly string[] {
  const [items, spec] = [fromItems(machine), fromSpec(machine)]
  const sizes = ({ disks }: Hardware): string | null => disks?.map(({ sizeMiB }) => `${sizeMiB ?? '?'} MiB`).join(', ') ?? null
  const pairs = [
    ['processors', items.cpus, spec.cpus],
    ['MiB of memory', items.memoryMiB, spec.memoryMiB],
    ['disks', sizes(items), sizes(spec)],
  ] as const
  return pairs.flatMap(([what, one, other]) => (one !== null && other !== null && one !== other ? [`${what} ${one} or ${other}`] : []))
}

/** Items that describe network cards. */
export function cardItems(machine: XmlElement): readonly XmlElement[] {
  return itemsOf(machine, types.card)
}

function itemsOf(machine: XmlElement, type: string): readonly XmlElement[] {
  return childrenOf(sectionOf(machine, 'VirtualHardwareSection'), 'Item').filter((item) => given(textAt(item, 'ResourceType')) === type)
}

/** Whether anything here says what a machine is made of; in version 0.8 the vApp itself does. */
export function isHardware(element: XmlElement): boolean {
  return sectionOf(element, 'VirtualHardwareSection') !== null
}

function fromItems(machine: XmlElement): Hardware {
  const section = sectionOf(machine, 'VirtualHardwareSection')
  const [cpu, memory] = [itemsOf(machine, types.cpu)[0], itemsOf(machine, types.memory)[0]]
  return {
    cpus: integer(textAt(cpu, 'VirtualQuantity')),
    memoryMiB: toMiB(scaled(textAt(memory, 'VirtualQuantity'), given(textAt(memory, 'AllocationUnits')) ?? 'byte * 2^20')),
    disks: section === null ? null : itemsOf(machine, types.disk).map(diskOf),
  }
}

/** Two disks may have the same InstanceID, so a disk is known by its label only. */
function diskOf(item: XmlElement): Disk {
  return {
    label: given(textAt(item, 'ElementName')) ?? `disk ${given(textAt(item, 'InstanceID')) ?? '?'}`,
    sizeMiB: toMiB(diskBytes(item)),
    usedMiB: null,
  }
}

/** Bytes where the unit says so (5.1 and later), else `capacity` in MiB, else KiB without a unit (0.8). */
function diskBytes(item: XmlElement): number | null {
  const quantity = textAt(item, 'VirtualQuantity')
  const unit = given(textAt(item, 'VirtualQuantityUnits')) ?? given(textAt(item, 'AllocationUnits'))
  const capacity = integer(attribute(childOf(item, 'HostResource'), 'capacity'))
  if (unit !== null && scaled(quantity, unit) !== null) return scaled(quantity, unit)
  if (capacity !== null) return capacity * bytesOfMiB
  return scaled(given(quantity) ?? textAt(item, 'HostResource'), 'byte * 2^10')
}

/** Units as the first versions of OVF wrote them. */
const oldUnits: Readonly<Record<string, number>> = { kilobytes: 1024, megabytes: 1024 ** 2, gigabytes: 1024 ** 3 }

/** A quantity in units of DSP0004 (`byte`, `byte * 2^20`) or of the first OVF (`MegaBytes`) in bytes; null when it is none. */
function scaled(quantity: string | null, unit: string): number | null {
  const number = integer(quantity)
  const factor = oldUnits[unit.trim().toLowerCase()] ?? factorOf(unit)
  return number === null || factor === null ? null : number * factor
}

function factorOf(unit: string): number | null {
  const [whole, base, power] = /^bytes?(?:\s*\*\s*(\d+)\s*\^\s*(\d{1,2}))?$/i.exec(unit.trim()) ?? []
  if (whole === undefined) return null
  return base === undefined ? 1 : Number(base) ** Number(power)
}

/** Up to the next whole MiB, so that whoever plans with it never plans too small. */
function toMiB(bytes: number | null): number | null {
  const whole = bytes === null ? -1 : Math.ceil(bytes / bytesOfMiB)
  return whole >= 0 && Number.isSafeInteger(whole) ? whole : null
}

function fromSpec(machine: XmlElement): Hardware {
  const spec = childOf(machine, 'VmSpecSection')
  const disks = childOf(spec, 'DiskSection')
  return {
    cpus: integer(textAt(spec, 'NumCpus')),
    memoryMiB: integer(at(spec, 'MemoryResourceMb', 'Configured')?.text),
    disks: disks === null ? null : childrenOf(disks, 'DiskSettings').map(specDiskOf),
  }
}

function specDiskOf(settings: XmlElement, place: number): Disk {
  const sizeMiB = integer(textAt(settings, 'SizeMb'))
  return { label: `disk ${given(textAt(settings, 'DiskId')) ?? place}`, sizeMiB: sizeMiB === null || sizeMiB < 0 ? null : sizeMiB, usedMiB: null }
}
