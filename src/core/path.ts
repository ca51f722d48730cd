// How the two nodes of a move reach each other's ssh: for copies, and for the question of a sealed side (runbook.md §4).
import type { MoveFacts } from './stored-move.ts'

/** As it was last tried; `relay`: through the controller, in at least one direction. */
export function pathOf({ relayed }: Pick<MoveFacts, 'relayed'>): 'direct' | 'relay' {
  return relayed !== undefined && (relayed.source || relayed.target) ? 'relay' : 'direct'
}

/** What somebody must have read before such a move switches. */
export const relayRisk =
  "The nodes reach each other's ssh through the controller alone: all copies go through it, and if it is lost between seal and commit, both sides stay closed until it is back."
