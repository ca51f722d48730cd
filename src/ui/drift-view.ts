// What differs, for people: a row for each property, cloud before code.
import type { Difference, DriftReport } from '../core/drift.ts'
import { table } from './table.ts'

export function driftView({ stacks, drifted }: DriftReport): string {
  if (stacks.length === 0) return 'Nothing is declared: no move has a target that is made with Pulumi.'
  const absent = stacks.flatMap(({ stack, exists }) => (exists ? [] : [`${stack} was not brought up.`]))
  if (!drifted) {
    const standing = stacks.length - absent.length
    return [...(standing === 0 ? [] : [`As declared: ${standing} ${standing === 1 ? 'stack' : 'stacks'}.`]), ...absent].join('\n')
  }
  const rows = stacks.flatMap(({ stack, differences }) => differences.toSorted(cloudFirst).flatMap((each) => rowsOf(stack, each)))
  return [table([['STACK', 'WHERE', 'RESOURCE', 'WHAT', 'PROPERTY', 'DECLARED', 'FOUND'], ...rows]), ...absent].join('\n')
}

function cloudFirst(one: Difference, other: Difference): number {
  return one.kind.localeCompare(other.kind)
}

function rowsOf(stack: string, { kind, resource, change, properties }: Difference): string[][] {
  const shown = change === 'changed' || change === 'replaced' ? properties : []
  const rows = shown.map(({ path, declared, found }) => [stack, kind, resource, change, path, word(declared), word(found)])
  return rows.length > 0 ? rows : [[stack, kind, resource, change, '', '', '']]
}

function word(value: string | number | boolean | null): string {
  return value === null ? '-' : String(value)
}
