// What a plan takes from the last look inside a node: values that the provider does not know, and what the move does not
// name. The latter are warnings: a person may have left something out on purpose.
import { byCodeUnit } from './canonical.ts'
import { hintsOf, peersOf, talksOf, type Peers } from './inside/hints.ts'
import type { Inside } from './inside/schema.ts'
import type { Move } from './move.ts'
import type { Hint, Node, Notice } from './node.ts'

/** The nodes that move, each with its move. */
export type Moved = { readonly moves: ReadonlyMap<Node, Move>; readonly peers: Peers }

export function movedOf(moves: ReadonlyMap<Node, Move>): Moved {
  return { moves, peers: peersOf([...moves.keys()]) }
}

/** The node with what it told of itself where its provider says nothing. Whether it is on now, only the provider can know. */
export function completed(node: Node): Node {
  const { inside } = node
  if (inside === undefined) return node
  const told = {
    cpus: node.cpus ?? inside.cpu?.count ?? null,
    memoryMiB: node.memoryMiB ?? inside.memory?.totalMiB ?? null,
    os: node.os.family === 'unknown' ? systemOf(inside) : node.os,
  }
  const known = new Set<string | false>([told.cpus !== null && 'cpus', told.memoryMiB !== null && 'memoryMiB', told.os.family !== 'unknown' && 'os'])
  return { ...node, ...told, unknown: node.unknown.filter((key) => !known.has(key)) }
}

function systemOf({ system }: Inside): Node['os'] {
  return { family: system === null ? 'unknown' : 'linux', id: system?.id ?? null, name: system?.name ?? null }
}

export function overlooked(move: Move, node: Node, moved: Moved): Notice[] {
  const { inside } = node
  if (inside === undefined) return []
  const hints = hintsOf(node, inside, new Map())
  const found = [...talks(move, node, inside, moved), ...ports(move, hints), ...services(move, hints), ...data(move, hints)]
  return found.sort((a, b) => byCodeUnit(a.code, b.code) || byCodeUnit(a.text, b.text))
}

function talks(move: Move, node: Node, inside: Inside, { moves, peers }: Moved): Notice[] {
  const others = new Map(talksOf(node, inside, peers).map((talk) => [moves.get(talk.peer), talk]))
  return [...others].flatMap(([other, { address, port }]) => {
    if (other === undefined || move.after.includes(other.name) || other.after.includes(move.name)) return []
    return [warning('talks-to', `${move.name} talks to ${other.name} (${address}:${port}), but moves.${move.name}.after does not name it.`)]
  })
}

function ports(move: Move, hints: readonly Hint[]): Notice[] {
  const named = new Set(move.ports.map(({ port, protocol }) => (protocol === 'tcp' ? String(port) : `${port}/${protocol}`)))
  return valuesOf('ports', hints)
    .filter((value) => !named.has(value))
    .map((value) =>
      warning('port-not-named', `Clients of port ${value} of ${move.name} are neither held nor forwarded: moves.${move.name}.ports does not name it.`),
    )
}

function services(move: Move, hints: readonly Hint[]): Notice[] {
  return valuesOf('services', hints)
    .filter((unit) => !move.services.includes(unit) && !move.singletons.includes(unit))
    .map((unit) => warning('service-not-named', `${unit} of ${move.name} goes on during the switch: moves.${move.name}.services does not name it.`))
}

function data(move: Move, hints: readonly Hint[]): Notice[] {
  const paths = move.data.flatMap(({ path }) => (typeof path === 'string' ? [path] : []))
  const isNamed = (value: string): boolean =>
    value.startsWith('/') ? paths.some((path) => isWithin(path, value) || isWithin(value, path)) : move.data.some(({ kind }) => kind === value)
  return valuesOf('data', hints)
    .filter((value) => !isNamed(value))
    .map((value) => warning('data-not-named', `${value} of ${move.name} holds data that is not copied: moves.${move.name}.data does not name it.`))
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}

function valuesOf(key: Hint['key'], hints: readonly Hint[]): string[] {
  return hints.filter((hint) => hint.key === key).map(({ value }) => value)
}

function warning(code: string, text: string): Notice {
  return { code, severity: 'warning', text }
}
