// How each standby is, for people; what keeps the policy from failing over by itself stands under the table.
import type { Standby, StandbyCard } from '../core/standby.ts'
import { formatBytes } from '../core/units.ts'
import { printable, table } from './table.ts'

export function standbyView({ moves }: StandbyCard): string {
  if (moves.length === 0) return 'No move has a `standby:`.'
  const heading = ['MOVE', 'STANDBY', 'BEHIND', 'MISSING', 'MEASURED', 'LAST DRILL', 'BY ITSELF']
  return [table([heading, ...moves.map(rowOf)]), ...moves.flatMap(whyNot)].join('\n')
}

function rowOf({ move, state, lagSeconds, remainingBytes, sample, drill, auto }: Standby): readonly string[] {
  return [
    move,
    state,
    lagSeconds === null ? '-' : `${lagSeconds} s`,
    remainingBytes === null ? '-' : formatBytes(remainingBytes),
    sample === null ? '-' : `${sample.ageSeconds} s ago${sample.moves ? '' : ', does not move'}`,
    drill === null ? 'never' : `${drill.level} ${drill.passed ? 'passed' : 'failed'} ${drill.at}`,
    auto.eligible ? `until ${auto.until ?? 'it changes'}` : 'no',
  ]
}

function whyNot({ move, auto }: Standby): string[] {
  return auto.why.map(({ code, text }) => `${move} is not failed over by itself: ${code}: ${printable(text)}`)
}
