// Scenarios 18 and 19 as a list: the power of either node goes while a step is announced, in each phase of a move.
import { rowsOf, type StepName } from '../../src/core/runbook.ts'

export type PowerCase = { readonly side: 'source' | 'target'; readonly step: StepName }

const steps = (['sync', 'switch', 'settle'] as const).flatMap((phase) => rowsOf(phase).map((row) => row.name))
export const powerCases: readonly PowerCase[] = (['source', 'target'] as const).flatMap((side) => steps.map((step) => ({ side, step })))

/** One case for each side, always the same for a seed. */
export function drawnPowerCases(seed: number): readonly PowerCase[] {
  return (['source', 'target'] as const).flatMap((side, turn) => {
    const cases = powerCases.filter((each) => each.side === side)
    const chosen = cases[(Math.imul(seed + turn, 2_654_435_761) >>> 0) % cases.length]
    return chosen === undefined ? [] : [chosen]
  })
}
