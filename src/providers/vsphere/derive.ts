// From a retrieved machine to a node: pure, total, and honest about what was not given.
import { withGapsNamed } from '../../core/gaps.ts'
import type { Nic, Node, Power } from '../../core/node.ts'
import { textAt } from '../../io/xml.ts'
import { disksOf, isReachable, nicsOf } from './devices.ts'
import { osOf, toolsOf } from './guest.ts'
import { hazardsOf } from './hazards.ts'
import { displayName, parentOf, pathOf, type Places } from './places.ts'
import { booleanOf, elementsAt, integerOf, isMissing, textOf, valueAt, type VimObject } from './properties.ts'
import { snapshotTrees } from './snapshots.ts'

/** One node. Every value that the server did not give is null (or its kind of nothing) and named in `unknown`. */
export function nodeOf(machine: VimObject, places: Places): Node {
  const name = textOf(machine, 'name')
  const hardware = valueAt(machine, 'config.hardware')
  const nics = nicsOf(machine, places)
  const node: Node = {
    id: machine.id,
    name: displayName(name ?? machine.id),
    path: name === null ? null : pathOf(places, parentOf(machine), name),
    power: powerOf(machine),
    template: booleanOf(textOf(machine, 'config.template')) ?? false,
    cpus: integerOf(textAt(hardware, 'numCPU')),
    memoryMiB: integerOf(textAt(hardware, 'memoryMB')),
    disks: [...disksOf(machine)],
    nics: [...nics],
    os: osOf(machine),
    hostname: textOf(machine, 'guest.hostName'),
    addresses: addressesOf(machine, nics),
    firmware: firmwareOf(machine),
    tools: toolsOf(machine),
    snapshots: isConnected(machine) && !isMissing(machine, 'snapshot') ? snapshotTrees(machine).names.length : null,
    labels: labelsOf(machine),
    hazards: [...hazardsOf(machine)],
    unknown: [],
  }
  return withGapsNamed(node, nothingGiven(machine, node))
}

const powers: ReadonlyMap<string | null, Power> = new Map([
  ['poweredOn', 'on'],
  ['poweredOff', 'off'],
  ['suspended', 'suspended'],
])

/** While vCenter has lost its host, the last known state says nothing about now. */
export function powerOf(machine: VimObject): Power {
  return (isConnected(machine) ? powers.get(textOf(machine, 'runtime.powerState')) : null) ?? 'unknown'
}

function isConnected(machine: VimObject): boolean {
  const state = textOf(machine, 'runtime.connectionState')
  return state === null || state === 'connected'
}

function firmwareOf(machine: VimObject): Node['firmware'] {
  const firmware = textOf(machine, 'config.firmware')
  return firmware === 'bios' || firmware === 'efi' ? firmware : null
}

/** The address that Tools call the main one, then those of the cards. */
function addressesOf(machine: VimObject, nics: readonly Nic[]): string[] {
  const main = textOf(machine, 'guest.ipAddress')
  return [...new Set([...(main === null ? [] : [main]), ...nics.flatMap(({ addresses }) => addresses)])].filter(isReachable)
}

/** Custom attributes: values name their field by a number, which the list of fields explains. */
function labelsOf(machine: VimObject): Record<string, string> {
  const fields = new Map(elementsAt(machine, 'availableField').map((field) => [textAt(field, 'key'), textAt(field, 'name')]))
  const labels = elementsAt(machine, 'customValue').flatMap((value) => {
    const name = fields.get(textAt(value, 'key'))
    const text = textAt(value, 'value')
    return name && text ? [[name, text] as const] : []
  })
  return Object.fromEntries(labels)
}

/** Names of fields that hold nothing because nothing was given, where null is not their kind of nothing. */
function nothingGiven(machine: VimObject, node: Node): string[] {
  const unknown: string[] = []
  const hardware = valueAt(machine, 'config.hardware')
  if (hardware === null) unknown.push('disks', 'nics', 'hazards')
  if (textOf(machine, 'name') === null) unknown.push('name')
  if (booleanOf(textOf(machine, 'config.template')) === null) unknown.push('template')
  if (isMissing(machine, 'customValue') || isMissing(machine, 'availableField')) unknown.push('labels')
  if (node.addresses.length === 0 && node.tools !== 'running') unknown.push('addresses')
  return unknown
}
