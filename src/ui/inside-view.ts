// What a node told of itself when somebody last looked, in one line for people; all of it is in the JSON.
import type { Inside } from '../core/inside/schema.ts'
import type { Node } from '../core/node.ts'
import { printable } from './table.ts'

export function insideLine(node: Node, inside: Inside): string {
  const { system, memory, databases, containers, unseen } = inside
  const hinted = (key: string): string[] => (node.hints ?? []).filter((hint) => hint.key === key).map(({ value }) => value)
  const servers = (databases ?? []).map(({ kind, version }) => `${kind} ${version}`)
  const running = (containers ?? []).map(({ name }) => name)
  const parts = [
    [system?.name ?? 'system unknown', system?.kernel ?? ''].filter(Boolean).join(', kernel '),
    memory === null ? '' : `${memory.usedMiB} of ${memory.totalMiB} MiB in use`,
    listed('ports', hinted('ports')),
    listed('services', hinted('services')),
    listed('data', hinted('data')),
    listed('databases', servers),
    listed('containers', running),
    listed('talks to', hinted('after')),
    listed('not seen', [...new Set(unseen.map(({ what }) => what))]),
  ]
  const shown = parts.filter((part) => part !== '').map(printable)
  // The look may be older than the inventory around it.
  return `(inside, ${inside.takenAt.slice(0, 16)}Z): ${shown.join('; ')}`
}

function listed(what: string, values: readonly string[]): string {
  const shown = values.slice(0, 6).join(', ')
  return values.length === 0 ? '' : `${what} ${shown}${values.length > 6 ? ` and ${values.length - 6} more` : ''}`
}
