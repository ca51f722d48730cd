// Disks and network cards of a machine, joined with what its guest reports about them.
import type { Disk, Nic } from '../../core/node.ts'
import { attributeOf, childOf, childrenOf, textAt, type XmlElement } from '../../io/xml.ts'
import type { Places } from './places.ts'
import { booleanOf, elementsAt, integerOf, textOf, valueAt, type VimObject } from './properties.ts'

const bytesOfMiB = 1024 * 1024

/** Devices of a machine. (Controllers list the numbers of theirs in elements of the same name, without a type.) */
export function devicesOf(machine: VimObject): readonly XmlElement[] {
  return childrenOf(valueAt(machine, 'config.hardware'), 'device').filter(({ type }) => type !== null)
}

const cardTypes: ReadonlySet<string> = new Set([
  'VirtualVmxnet',
  'VirtualVmxnet2',
  'VirtualVmxnet3',
  'VirtualVmxnet3Vrdma',
  'VirtualE1000',
  'VirtualE1000e',
  'VirtualPCNet32',
  'VirtualSriovEthernetCard',
  'VirtualEthernetCard',
])

export function networkCards(devices: readonly XmlElement[]): readonly XmlElement[] {
  return devices.filter(({ type }) => type !== null && cardTypes.has(type))
}

export function virtualDisks(devices: readonly XmlElement[]): readonly XmlElement[] {
  return devices.filter(({ type }) => type === 'VirtualDisk')
}

/** What people call a device: "Hard disk 1". */
export function labelOf(device: XmlElement): string {
  return textAt(device, 'deviceInfo', 'label') ?? `device ${textAt(device, 'key') ?? '?'}`
}

/** The size of a disk in bytes, or null. Servers before 5.5 give KiB only. */
export function capacityOf(disk: XmlElement): number | null {
  const kilobytes = integerOf(textAt(disk, 'capacityInKB'))
  return integerOf(textAt(disk, 'capacityInBytes')) ?? (kilobytes === null ? null : kilobytes * 1024)
}

export function disksOf(machine: VimObject): readonly Disk[] {
  const used = usedBytes(machine)
  return virtualDisks(devicesOf(machine)).map((disk) => ({
    label: labelOf(disk),
    sizeMiB: toMiB(capacityOf(disk)),
    usedMiB: toMiB(used.get(textAt(disk, 'key') ?? '') ?? null),
  }))
}

/** Up to the next whole MiB, so that whoever plans with it never plans too small. */
function toMiB(bytes: number | null): number | null {
  return bytes === null || bytes < 0 ? null : Math.ceil(bytes / bytesOfMiB)
}

/**
 * Bytes used on each disk, by device key, from file systems whose disks the guest names (since 7.0). A file system over
 * several disks says nothing about each of them, so these disks are left out.
 */
function usedBytes(machine: VimObject): ReadonlyMap<string, number> {
  const used = new Map<string, number>()
  const shared = new Set<string>()
  for (const fileSystem of elementsAt(machine, 'guest.disk')) {
    const keys = childrenOf(fileSystem, 'mappings').flatMap((mapping) => textAt(mapping, 'key') ?? [])
    const capacity = integerOf(textAt(fileSystem, 'capacity'))
    const free = integerOf(textAt(fileSystem, 'freeSpace'))
    if (keys.length > 1 || capacity === null || free === null) for (const key of keys) shared.add(key)
    else for (const key of keys) used.set(key, (used.get(key) ?? 0) + capacity - free)
  }
  for (const key of shared) used.delete(key)
  return used
}

type GuestCard = { readonly key: string | null; readonly mac: string | null; readonly network: string | null; readonly addresses: readonly string[] }

export function nicsOf(machine: VimObject, places: Places): readonly Nic[] {
  const reported = guestCards(machine)
  const isOn = textOf(machine, 'runtime.powerState') === 'poweredOn'
  return networkCards(devicesOf(machine)).map((device) => {
    const mac = textAt(device, 'macAddress')?.toLowerCase() ?? null
    const key = textAt(device, 'key')
    const guest = reported.find((card) => card.key !== null && card.key === key) ?? reported.find((card) => card.mac !== null && card.mac === mac)
    return {
      mac,
      network: networkOf(childOf(device, 'backing'), places) ?? guest?.network ?? null,
      // Of a machine that is off, every card reads as not connected; what counts is whether it will be.
      connected: booleanOf(textAt(device, 'connectable', isOn ? 'connected' : 'startConnected')),
      addresses: [...(guest?.addresses ?? [])],
    }
  })
}

function guestCards(machine: VimObject): readonly GuestCard[] {
  return elementsAt(machine, 'guest.net').map((card) => {
    const configured = childrenOf(childOf(card, 'ipConfig'), 'ipAddress').flatMap((each) => textAt(each, 'ipAddress') ?? [])
    const plain = childrenOf(card, 'ipAddress').map(({ text }) => text)
    const key = textAt(card, 'deviceConfigId')
    return {
      // -1: an interface that exists in the guest only, such as a bridge of its own.
      key: key === '-1' ? null : key,
      mac: textAt(card, 'macAddress')?.toLowerCase() ?? null,
      network: textAt(card, 'network') || null,
      addresses: [...new Set(configured.length > 0 ? configured : plain)].filter(isReachable),
    }
  })
}

/** Loopback and link-local addresses lead nowhere from outside. */
export function isReachable(address: string): boolean {
  return address !== '' && !/^(?:127\.|169\.254\.|0\.0\.0\.0$|::1?$|fe[89ab][0-9a-f]:)/i.test(address)
}

function networkOf(backing: XmlElement | null, places: Places): string | null {
  if (backing === null) return null
  // A port group of a distributed switch is named by its id, a plain network by id and name.
  const ids = [textAt(backing, 'port', 'portgroupKey'), textAt(backing, 'network')]
  for (const id of ids) {
    const name = id === null ? undefined : places.networks.get(id)
    if (name !== undefined) return name
  }
  return textAt(backing, 'deviceName') || null
}

/** The types of all devices, for what only their presence tells. */
export function hasDevice(devices: readonly XmlElement[], type: string): boolean {
  return devices.some((device) => device.type === type)
}

/** Whether a disk's controller is shared with another machine. */
export function isOnSharedBus(disk: XmlElement, devices: readonly XmlElement[]): boolean {
  const controller = devices.find((device) => textAt(device, 'key') === textAt(disk, 'controllerKey'))
  const bus = textAt(controller, 'sharedBus')
  const sharing = textAt(disk, 'backing', 'sharing')
  return (bus !== null && bus !== 'noSharing') || (sharing !== null && sharing !== 'sharingNone')
}

/** The type of a device's backing, such as `VirtualDiskFlatVer2BackingInfo`. */
export function backingType(device: XmlElement): string {
  const backing = childOf(device, 'backing')
  return backing === null ? '' : (backing.type ?? attributeOf(backing, 'type') ?? '')
}
