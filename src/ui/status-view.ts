// Where each move stands, for people.
import { titleOf } from '../core/runbook.ts'
import type { MoveStatus, Price, Status } from '../core/records.ts'
import { describeSealedAlone, wayOut } from '../core/sealed-alone.ts'
import { otherSide, type SealedAlone } from '../core/stored-move.ts'
import { printable, table } from './table.ts'

export function statusTable(status: Status): string {
  if (status.moves.length === 0) return 'No move was started yet. Begin with: lifeboat plan'
  const heading = ['MOVE', 'PHASE', 'STEP', 'WAITS FOR', 'BEHIND', 'PAUSE', 'STRAGGLERS', 'ROLLBACK']
  const rows = status.moves.map((move) => [
    move.name,
    move.phase,
    titleOf(move.step),
    move.runbook === undefined ? (move.waitingFor ?? '-') : `a worker of ${move.runbook}`,
    move.lagSeconds === null ? '-' : `${move.lagSeconds} s`,
    move.forecastPauseMs === null ? '-' : `${(move.forecastPauseMs / 1000).toFixed(1)} s`,
    move.stragglers === null ? '-' : String(move.stragglers),
    priceText(move.rollback),
  ])
  return [table([heading, ...rows]), ...status.moves.flatMap(notesOf)].join('\n')
}

/** What does not fit into a column. */
function notesOf({ name, sealedAlone, namesSeen }: MoveStatus): string[] {
  return [...(sealedAlone ? [alone(name, sealedAlone)] : []), ...(namesSeen ? changedNames(name, namesSeen) : [])]
}

/** What authorities tell otherwise than the switch wrote. */
function changedNames(name: string, { at, changed }: NonNullable<MoveStatus['namesSeen']>): string[] {
  if (changed.length === 0) return []
  return [printable(`! ${name}: its names are not as the switch left them (seen ${at}): ${changed.join(' ')}`, 600)]
}

function alone(name: string, known: SealedAlone): string {
  return `! ${name}: ${describeSealedAlone(known)}\n  Try: power the ${otherSide(known.side)} on again; or, once it is off for sure: ${wayOut(name, known)}`
}

/** What rolling back costs, in a few words. */
export function priceText(price: Price): string {
  if (!price.possible) return `impossible: ${price.why}`
  const writes = price.writesLost === null ? `an unknown number of writes lost (${price.why})` : `${price.writesLost} writes lost`
  return `${price.seconds ?? '?'} s down, ${writes}`
}
