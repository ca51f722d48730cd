// An inventory for people.
import type { Inventory, Node } from '../core/node.ts'
import { insideLine } from './inside-view.ts'
import { printable, table } from './table.ts'

export function inventoryTable(inventory: Inventory): string {
  const heading = ['NAME', 'ID', 'POWER', 'CPUS', 'MEMORY', 'DISKS', 'ADDRESSES', 'OS']
  const nodes = inventory.nodes.filter((node) => !node.template)
  const rows = nodes.map((node) => [
    node.name,
    node.id,
    node.power,
    shown(node.cpus),
    mib(node.memoryMiB),
    mib(diskSum(node)),
    node.addresses.join(' ') || '?',
    node.os.name ?? '?',
  ])
  const hazards = nodes.flatMap((node) => node.hazards.map((hazard) => `! ${printable(node.name).slice(0, 60)}: ${printable(hazard.text)}`))
  const warnings = inventory.warnings.map((warning) => `! ${printable(warning.text)}`)
  const sum = `${nodes.length} nodes at ${inventory.provider} (${inventory.kind}), taken ${inventory.takenAt}${inventory.complete ? '' : ', incomplete'}`
  const inside = nodes.flatMap((node) => (node.inside === undefined ? [] : [`${printable(node.name)} ${insideLine(node, node.inside)}`]))
  return [
    sum,
    '',
    table([heading, ...rows]),
    ...(inside.length > 0 ? ['', ...inside] : []),
    ...(hazards.length + warnings.length > 0 ? ['', ...warnings, ...hazards] : []),
  ].join('\n')
}

function diskSum(node: Node): number | null {
  return node.disks.some((disk) => disk.sizeMiB === null) ? null : node.disks.reduce((sum, disk) => sum + (disk.sizeMiB ?? 0), 0)
}

function shown(value: number | null): string {
  return value === null ? '?' : String(value)
}

function mib(value: number | null): string {
  return value === null ? '?' : value >= 1024 ? `${Math.round((value / 1024) * 10) / 10} GiB` : `${value} MiB`
}
