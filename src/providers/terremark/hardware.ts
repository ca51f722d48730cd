// The virtual hardware of a vApp, which in vCloud Express is exactly one machine. Sizes follow the recorded answers:
// memory in MiB, disks in KiB without a unit; a unit that is given counts.
import type { Disk, Notice } from '../../core/node.ts'
import { childrenOf, type XmlElement } from '../../io/xml.ts'
import { attribute, given, sectionsOf, wholeOf } from './elements.ts'

const kib = 1024
const mib = 1024 * 1024
/** CIM resource types. */
const kinds = { cpu: '3', memory: '4', card: '10', disk: '17' } as const

export function hasHardware(vapp: XmlElement): boolean {
  return sectionsOf(vapp, 'VirtualHardwareSection').length > 0
}

/** The items of one kind, in their order. */
export function itemsOf(vapp: XmlElement, kind: keyof typeof kinds): readonly XmlElement[] {
  const items = sectionsOf(vapp, 'VirtualHardwareSection').flatMap((section) => childrenOf(section, 'Item'))
  return items.filter((item) => given(item, 'ResourceType') === kinds[kind])
}

export function cpusOf(vapp: XmlElement): number | null {
  return wholeOf(given(itemsOf(vapp, 'cpu')[0], 'VirtualQuantity'))
}

export function memoryMiBOf(vapp: XmlElement): number | null {
  const item = itemsOf(vapp, 'memory')[0]
  return toMiB(bytesOf(wholeOf(given(item, 'VirtualQuantity')), unitOf(item), mib))
}

function unitOf(item: XmlElement | undefined): string | null {
  return given(item, 'VirtualQuantityUnits') ?? given(item, 'AllocationUnits')
}

/** A quantity in a programmatic unit of DSP0004 such as `byte * 2^20`. A unit that nobody knows makes it unknown. */
function bytesOf(quantity: number | null, unit: string | null, withoutUnit: number): number | null {
  if (quantity === null) return null
  if (unit === null) return quantity * withoutUnit
  const written = /^bytes?(?:\s*\*\s*(2|10)\s*\^\s*(\d{1,2}))?$/i.exec(unit)
  if (written !== null) return quantity * (written[1] === undefined ? 1 : Number(written[1]) ** Number(written[2]))
  const prefix = /^(k|m|g|t)(?:i?b|ilobytes?|egabytes?|igabytes?|erabytes?)$/i.exec(unit)?.[1]
  return prefix === undefined ? null : quantity * kib ** ('kmgt'.indexOf(prefix.toLowerCase()) + 1)
}

/** Up to the next whole MiB, so that whoever plans with it never plans too small. */
function toMiB(bytes: number | null): number | null {
  return bytes === null || !Number.isSafeInteger(bytes) ? null : Math.ceil(bytes / mib)
}

type Size = { readonly label: string; readonly bytes: number | null; readonly said: number | null; readonly host: number | null }

/** In the order in which they are listed: their `InstanceID` is no key, two disks were seen with the same. */
function sizesOf(vapp: XmlElement): readonly Size[] {
  return itemsOf(vapp, 'disk').map((item, index) => {
    const said = wholeOf(given(item, 'VirtualQuantity'))
    const host = wholeOf(given(item, 'HostResource'))
    return { label: given(item, 'ElementName') ?? `Disk ${index + 1}`, bytes: bytesOf(said ?? host, unitOf(item), kib), said, host }
  })
}

export function disksOf(vapp: XmlElement): readonly Disk[] {
  return sizesOf(vapp).map(({ label, bytes }) => ({ label, sizeMiB: toMiB(bytes), usedMiB: null }))
}

/** What is odd about the sizes. They are shown as they were said, never corrected. */
export function diskHazards(vapp: XmlElement): readonly Notice[] {
  const sizes = sizesOf(vapp)
  const each = sizes.flatMap(({ label, bytes, said, host }) => {
    if (bytes !== null && said !== null && host !== null && said !== host)
      return [hazard(`${label} has ${said} as its size in one place and ${host} in another.`)]
    if (bytes === null || bytes % mib === 0) return []
    return [hazard(`${label} has ${bytes} bytes, which is no whole MiB: the service may have meant another unit than KiB. Look inside.`)]
  })
  const sum = sizes.every(({ bytes }) => bytes !== null) ? sizes.reduce((all, { bytes }) => all + (bytes ?? 0), 0) : null
  const size = wholeOf(attribute(vapp, 'size'))
  const differs = sizes.length > 0 && sum !== null && size !== null && sum !== size * kib
  return differs ? [...each, hazard(`Its disks have ${sum} bytes together, and the service says ${size} KiB in all.`)] : each
}

function hazard(text: string): Notice {
  return { code: 'disk-size-odd', severity: 'warning', text }
}
