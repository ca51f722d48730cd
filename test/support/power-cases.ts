// Scenarios 18 and 19 as a list: the power of either node goes while a step is announced, in each phase of a move.
import { walkedRows, type StepName } from '../../src/core/runbook.ts'
import { draw } from './draw.ts'

export type PowerCase = { readonly side: 'source' | 'target'; readonly step: StepName }

const sides = ['source', 'target'] as const
const steps = (['sync', 'switch', 'settle'] as const).flatMap((phase) => walkedRows(phase).map((row) => row.name))
export const powerCases: readonly PowerCase[] = sides.flatMap((side) => steps.map((step) => ({ side, step })))

/** One case for each side, always the same for a seed. */
export function drawnPowerCases(seed: number): readonly PowerCase[] {
  return sides.map((side, turn) =>
    draw(
      powerCases.filter((each) => each.side === side),
      turn,
      seed,
    ),
  )
}
