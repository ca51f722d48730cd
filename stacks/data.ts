// The layer of a move's data: its volumes, in a stack that outlives the node they are attached to.
import type { PlannedMove } from '../src/core/plan.ts'
import type { Outputs, Ownership, Target } from '../src/providers/provider.ts'
import type { Layer, Run } from './net.ts'

/** Null for a move without a volume, and for a target that keeps its data in the node. `shared`: as for the node. */
export function dataLayer(move: PlannedMove, target: Target, shared: Outputs, { run, authorizedKeys }: Omit<Run, 'project'>): Layer | null {
  const { data } = target
  if (data === null || move.to.volumeGiB === 0) return null
  const owner: Ownership = { project: move.project, stack: `data-${move.name}`, move: move.name, run }
  return { stack: owner.stack, program: () => data(move, { owner, shared, data: {}, authorizedKeys }), ...target.engine }
}
