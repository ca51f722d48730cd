// The tree of a machine's snapshots.
import { childOf, childrenOf, textAt, type XmlElement } from '../../io/xml.ts'
import { referenceOf } from './soap.ts'
import { valueAt, type VimObject } from './properties.ts'

export type Snapshots = {
  readonly names: readonly string[]
  /** How many lie on the way from the first to the one that the machine runs on. */
  readonly depth: number
}

export function snapshotTrees(machine: VimObject): Snapshots {
  const snapshot = valueAt(machine, 'snapshot')
  const current = referenceOf(childOf(snapshot, 'currentSnapshot'))?.id ?? null
  const names: string[] = []
  let depth = 0
  // Each tree with its distance from the root, the next one last.
  const trees: { readonly tree: XmlElement; readonly level: number }[] = childrenOf(snapshot, 'rootSnapshotList').map((tree) => ({ tree, level: 1 }))
  for (let next = trees.pop(); next !== undefined; next = trees.pop()) {
    const { tree, level } = next
    names.push(textAt(tree, 'name') ?? '')
    if (current !== null && referenceOf(childOf(tree, 'snapshot'))?.id === current) depth = level
    trees.push(...childrenOf(tree, 'childSnapshotList').map((child) => ({ tree: child, level: level + 1 })))
  }
  return { names, depth }
}
