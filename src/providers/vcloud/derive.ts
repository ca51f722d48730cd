// From a machine as vCloud Director describes it to a node: pure, total, and honest about what was not given.
import { withGapsNamed } from '../../core/gaps.ts'
import type { Node } from '../../core/node.ts'
import { at, textAt, type XmlElement } from '../../io/xml.ts'
import { attribute, given, idOf } from './answer.ts'
import { cardsOf, nicOf } from './cards.ts'
import { osOf, toolsOf } from './guest.ts'
import { hardwareOf } from './hardware.ts'
import { hazardsOf } from './hazards.ts'
import { powerOf, snapshotsOf, type Machine } from './machine.ts'
import { startHints } from './startup.ts'

/** One node. Every value that was not given is null (or its kind of nothing) and named in `unknown`. */
export function nodeOf(machine: Machine): Node {
  const { element, vApp, record } = machine
  const id = idOf(attribute(element, 'href')) ?? idOf(attribute(element, 'id')) ?? 'no-id'
  const name = attribute(element, 'name')
  const power = powerOf(element)
  const { cpus, memoryMiB, disks } = hardwareOf(element)
  const cards = cardsOf(element)
  const hints = name === null ? [] : startHints(vApp, name)
  const node: Node = {
    id,
    name: name ?? id,
    path: pathOf(machine, name),
    power,
    template: isTemplate(machine),
    cpus,
    memoryMiB,
    disks: [...(disks ?? [])],
    nics: (cards ?? []).map((card) => nicOf(card, power)),
    os: osOf(element, record),
    hostname: given(textAt(element, 'GuestCustomizationSection', 'ComputerName')),
    addresses: [],
    firmware: firmwareOf(element),
    tools: toolsOf(element, record, power),
    snapshots: snapshotsOf(element)?.length ?? null,
    labels: labelsOf(vApp),
    hazards: [...hazardsOf(machine)],
    ...(hints.length === 0 ? {} : { hints: [...hints] }),
    unknown: [],
  }
  // What the edge translates is reached from outside first, then the address that the machine has itself.
  const addresses = [...new Set(node.nics.flatMap((nic) => nic.addresses.toReversed()))]
  const nothing = { disks: disks === null, nics: cards === null, name: name === null, addresses: addresses.length === 0 }
  const absent = Object.entries(nothing).flatMap(([field, is]) => (is ? [field] : []))
  return withGapsNamed({ ...node, addresses }, absent)
}

function isTemplate({ element, vApp, record }: Machine): boolean {
  return vApp?.name === 'VAppTemplate' || record?.isTemplate === true || /\/vAppTemplate\//i.test(attribute(element, 'href') ?? '')
}

/** `/vdc/vApp/machine`; the data centre is left out where the query does not name it. */
function pathOf({ vApp, record }: Machine, name: string | null): string | null {
  const container = attribute(vApp, 'name') ?? record?.containerName ?? null
  if (name === null || container === null) return null
  return `/${[record?.vdcName ?? null, container, name].filter((part) => part !== null).join('/')}`
}

function firmwareOf(machine: XmlElement): Node['firmware'] {
  const firmware = given(textAt(machine, 'VmSpecSection', 'Firmware'))?.toLowerCase()
  return firmware === 'bios' || firmware === 'efi' ? firmware : null
}

function labelsOf(vApp: XmlElement | null): Record<string, string> {
  const owner = attribute(at(vApp, 'Owner', 'User'), 'name')
  return owner === null ? {} : { owner }
}
