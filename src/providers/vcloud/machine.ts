// A machine in an answer: which elements are one, and what its power is.
import type { Power } from '../../core/node.ts'
import { childOf, childrenOf, type XmlElement } from '../../io/xml.ts'
import { attribute, integer } from './answer.ts'
import { isHardware } from './hardware.ts'
import type { MachineRecord } from './query.ts'

/** A machine and where it stands. */
export type Machine = {
  readonly element: XmlElement
  /** The vApp or template around it, when the answer was one. */
  readonly vApp: XmlElement | null
  /** What the query says of it. */
  readonly record: MachineRecord | null
}

/** The machines of an answer: those of a vApp or template, the one of a `Vm`, and in version 0.8 the vApp itself. */
export function machinesOf(root: XmlElement): readonly XmlElement[] {
  if (root.name === 'Vm') return [root]
  if (root.name !== 'VApp' && root.name !== 'VAppTemplate') return []
  const inside = childOf(root, 'Children')
  if (inside === null) return isHardware(root) ? [root] : []
  return inside.children.flatMap(machinesOf)
}

/** Codes of `status` that say what the power is; 2 is "deployed", which may be either, and in version 0.8 something else. */
const powers: ReadonlyMap<number | null, Power> = new Map([
  [3, 'suspended'],
  [4, 'on'],
  [8, 'off'],
])

/** Of the machine itself, never of its vApp: that one may be "mixed". */
export function powerOf(machine: XmlElement): Power {
  return powers.get(integer(attribute(machine, 'status'))) ?? 'unknown'
}

/** When each snapshot was taken, "?" when that is not said; null when the answer has no word about snapshots (1.5). */
export function snapshotsOf(machine: XmlElement): readonly string[] | null {
  const section = childOf(machine, 'SnapshotSection')
  return section === null ? null : childrenOf(section, 'Snapshot').map((snapshot) => attribute(snapshot, 'created') ?? '?')
}
