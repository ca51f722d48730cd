// The clusters of both sides, which differ in version, and the names of what stands for a move in them.
import { placesOf, type Cluster } from '../cluster.ts'
import type { Side } from '../../mover.ts'

export type Both = Readonly<Record<Side['name'], Cluster>>

/** Databases that move: all that let somebody in, but the templates. */
export const moved = 'datallowconn and not datistemplate'

/** Files of ours for this side's cluster, beside those of `placesOf`; role, publication and subscription share one name. */
export function logicalPlaces(both: Both, side: Side) {
  const cluster = both[side.name]
  const places = placesOf(cluster, side)
  return {
    ...places,
    cluster,
    /** Of a side that does not serve: read-only. */
    guard: places.settings.replace(/\.conf$/, '-closed.conf'),
    hba: `${places.etc}/pg_hba.conf`,
    /** While it exists, what is in the folder is no copy that could follow. */
    vain: `${cluster.folder}.lifeboat-vain`,
  }
}

/** In SQL, the name of the slot of the database that is asked; slots have one namespace in a cluster. */
export function slotOf(role: string): string {
  return `'${role}_' || left(md5(current_database()), 8)`
}
