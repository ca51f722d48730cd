// The layer of a move: its node, on top of what the provider's nodes share, and of its data.
import type { PlannedMove } from '../src/core/plan.ts'
import type { Given, Ownership, Target } from '../src/providers/provider.ts'
import type { Layer, Run } from './net.ts'

/** The resolved outputs of the layers below; empty where there is none. */
export type Below = Pick<Given, 'shared' | 'data'>

export function nodeLayer(move: PlannedMove, target: Target, below: Below, { run, authorizedKeys }: Omit<Run, 'project'>): Layer {
  const owner: Ownership = { project: move.project, stack: `node-${move.name}`, move: move.name, run }
  return { stack: owner.stack, program: () => target.component(move, { owner, ...below, authorizedKeys }), ...target.engine }
}
