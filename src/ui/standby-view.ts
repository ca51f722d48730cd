// How each standby is, for people; what keeps the policy from failing over by itself stands under the table.
import type { Standby, StandbyCard } from '../core/standby.ts'
import type { StandbyAct, StandbyChange } from '../core/standby-node.ts'
import { formatBytes, formatMoney } from '../core/units.ts'
import { printable, table } from './table.ts'

export function standbyView({ moves }: StandbyCard): string {
  if (moves.length === 0) return 'No move has a `standby:`.'
  const heading = ['MOVE', 'STANDBY', 'BEHIND', 'MISSING', 'MEASURED', 'LAST DRILL', 'BY ITSELF', 'SIZE', 'A MONTH']
  return [table([heading, ...moves.map(rowOf)]), ...moves.flatMap(whyNot)].join('\n')
}

function rowOf({ move, state, node, lagSeconds, remainingBytes, sample, drill, auto }: Standby): readonly string[] {
  return [
    move,
    state,
    lagSeconds === null ? '-' : `${lagSeconds} s`,
    remainingBytes === null ? '-' : formatBytes(remainingBytes),
    sample === null ? '-' : `${sample.ageSeconds} s ago${sample.moves ? '' : ', does not move'}`,
    drill === null ? 'never' : `${drill.level} ${drill.passed ? 'passed' : 'failed'} ${drill.at}`,
    auto.eligible ? `until ${auto.until ?? 'it changes'}` : 'no',
    ...sizeOf(node),
  ]
}

/** What it is, and what it could be. */
function sizeOf(node: Standby['node']): readonly [size: string, monthly: string] {
  if (node === null) return ['-', '-']
  const { planned, parked, isParked } = node
  if (parked === null) return [planned.size, formatMoney(planned.monthlyCost)]
  const [now, other, word] = isParked ? [parked, planned, 'up'] : [planned, parked, 'parked']
  return [`${now.size} (${word}: ${other.size})`, `${formatMoney(now.monthlyCost)} (${word}: ${formatMoney(other.monthlyCost)})`]
}

function whyNot({ move, auto }: Standby): string[] {
  return auto.why.map(({ code, text }) => `${move} is not failed over by itself: ${code}: ${printable(text)}`)
}

const words: Readonly<Record<StandbyAct, string>> = {
  begin: 'it is made, and kept in step from now on (lifeboat status)',
  resize: 'its node has the other size now, and was started anew for that',
  end: 'nothing keeps it in step any more',
  remove: 'its node is gone',
}

export function standbyChangeView({ move, did, stays }: StandbyChange): string {
  const done = did.length === 0 ? 'it is so already' : did.map((act) => words[act]).join('; ')
  const left = stays === null ? '' : ` Its data stays: ${stays.volumeGiB} GiB in stack ${stays.stack}, ${formatMoney(stays.monthlyCost)} a month.`
  return `${move}: ${done}.${left}`
}
