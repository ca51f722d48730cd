// What a simulated node does by itself when nobody renews its lease (docs/helper-protocol.md, the dead man).
import { letGo, makeVoid, thawed, verdictOf } from './attempt.ts'
import type { Attempt, Helper, Machine } from './machine.ts'

/** Looks once. `peer`: null when it does not answer. */
export function lookAlone(machine: Machine, helper: Helper, peer: Machine | null, now: number): void {
  const attempt = helper.attempt
  if (attempt === null || attempt.phase === 'done') return
  if (attempt.part === 'giver') lookAsGiver(machine, helper, attempt, peer, now)
  // The verdict of a receiver is for others to decide; whom it held goes where it went before.
  else if (now > attempt.leaseEnds) attempt.heldAt = null
}

function lookAsGiver(machine: Machine, helper: Helper, attempt: Attempt, peer: Machine | null, now: number): void {
  if (now <= attempt.leaseEnds && now <= attempt.budgetEnds && attempt.boot === machine.boot) return
  attempt.over = true
  if (attempt.phase === 'sealed' && !isVoid(helper, attempt.number, peer)) return
  if (attempt.phase === 'frozen') thawed(machine, attempt)
  if (attempt.phase === 'opened' || attempt.phase === 'held') helper.attempt = null
}

/** A sealed giver opens when the other side has made the attempt void, releases when it has committed, else stays shut. */
function isVoid(helper: Helper, number: number, peer: Machine | null): boolean {
  const other = peer?.helper ?? null
  const { attempt } = helper
  if (peer === null || other === null || attempt === null) return false
  if (verdictOf(other, number) === 'committed') {
    letGo(helper, attempt)
    helper.attempt = null
    return false
  }
  if (other.role === 'open') return false
  makeVoid(peer, other, number)
  attempt.phase = 'frozen'
  helper.role = 'open'
  return true
}
