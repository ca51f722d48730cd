// The layer of a move: its node, on top of what the provider's nodes share.
import type { PlannedMove } from '../src/core/plan.ts'
import type { Outputs, Ownership, Target } from '../src/providers/provider.ts'
import type { Layer, Run } from './net.ts'

/** `shared` are the resolved outputs of the provider's layer; empty where there is none. */
export function nodeLayer(move: PlannedMove, target: Target, shared: Outputs, { run, authorizedKeys }: Omit<Run, 'project'>): Layer {
  const owner: Ownership = { project: move.project, stack: `node-${move.name}`, move: move.name, run }
  return { stack: owner.stack, program: () => target.component(move, { owner, shared, authorizedKeys }), ...target.engine }
}
