// What a plan takes from the last look inside a node: values that the provider does not know, and what the move does not
// name. The latter are warnings: a person may have left something out on purpose.
import { peersOf, talksOf, type Peers } from './inside/hints.ts'
import { notNamed, warning } from './inside/not-named.ts'
import type { Inside, Mount } from './inside/schema.ts'
import type { Move } from './move.ts'
import { compareNotices, type Node, type Notice } from './node.ts'

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

/** Files that changed on the volumes of the move's data within the hour before the look; null: it is not known of each of them. */
export function changedInAnHour(move: Move, { inside }: Node): number | null {
  const volumes = new Set(move.data.map(({ kind, path }) => (kind === 'files' && typeof path === 'string' ? volumeOf(path, inside) : null)))
  const changed = [...volumes].map((volume) => volume?.changedFiles ?? null)
  return changed.length === 0 || changed.includes(null) ? null : changed.reduce<number>((sum, files) => sum + (files ?? 0), 0)
}

/** The file system that a path is on: of those above it, the nearest. */
function volumeOf(path: string, inside: Inside | undefined): Mount | null {
  const above = (inside?.mounts ?? []).filter(({ place }) => place === '/' || path === place || path.startsWith(`${place}/`))
  return above.toSorted((one, other) => other.place.length - one.place.length)[0] ?? null
}

export function overlooked(move: Move, node: Node, moved: Moved): Notice[] {
  const { inside } = node
  if (inside === undefined) return []
  return [...notNamed(move, node, inside, moved.peers), ...talks(move, node, inside, moved)].sort(compareNotices)
}

function talks(move: Move, node: Node, inside: Inside, { moves, peers }: Moved): Notice[] {
  const others = new Map(talksOf(node, inside, peers).map((talk) => [moves.get(talk.peer), talk]))
  return [...others].flatMap(([other, { address, port }]) => {
    if (other === undefined || move.after.includes(other.name) || other.after.includes(move.name)) return []
    return [warning('talks-to', `${move.name} talks to ${other.name} (${address}:${port}), but moves.${move.name}.after does not name it.`)]
  })
}
