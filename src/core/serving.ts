// Which node of a move serves, for whoever watches. Evidence has a name for each side, so that what is usual of one says
// nothing of the other.
import { z } from 'zod'
import type { SideName } from './stored-move.ts'

/** Where the targets are that serve, by move; of every move that is not here the source does. */
export const servingSchema = z.record(z.string(), z.object({ provider: z.string(), id: z.string(), address: z.string() }))
export type Serving = Readonly<z.infer<typeof servingSchema>>

const ofTarget = '@target'

export function sideServing(serving: Serving, move: string): SideName {
  return Object.hasOwn(serving, move) ? 'target' : 'source'
}

/** The name under which evidence keeps what was seen of this node. */
export function watchedName(move: string, side: SideName): string {
  return side === 'source' ? move : `${move}${ofTarget}`
}

/** The move whose node has this name. */
export function moveWatched(name: string): string {
  return name.endsWith(ofTarget) ? name.slice(0, -ofTarget.length) : name
}
