// What is not known of a node, by name: the rule of interfaces.md §4 in one place.
import type { Node } from './node.ts'

/** The node with `unknown` filled in: every field that is empty, inside lists as `disks.usedMiB`, and these besides. */
export function withGapsNamed(node: Node, besides: readonly string[] = []): Node {
  return { ...node, unknown: [...new Set([...besides, ...emptyFields(node)])].toSorted() }
}

function emptyFields(node: Node): string[] {
  const inside = (field: string, parts: readonly object[]): string[] => parts.flatMap((part) => emptyOf(part).map((name) => `${field}.${name}`))
  return [...emptyOf(node), ...inside('disks', node.disks), ...inside('nics', node.nics), ...inside('os', [node.os])]
}

function emptyOf(part: object): string[] {
  return Object.entries(part).flatMap(([name, value]) => (value === null || value === 'unknown' ? [name] : []))
}
