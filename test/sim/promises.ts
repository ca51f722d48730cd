// What must hold in a simulated world at every moment (runbook.md §1), looked at after each thing that happens to a move.
import { verdictOf } from './attempt.ts'
import { serves, type Machine } from './machine.ts'

/** One move as the world knows it. */
export type Simulated = {
  readonly name: string
  readonly source: Machine
  /** Null until it was made. */
  target: Machine | null
  readonly after: readonly string[]
  /** Orders that clients were told to be safe. */
  acknowledged: number
  /** Attempts that were committed at the target, ever. */
  readonly committed: Set<number>
  /** How often a name was turned to the target. */
  turned: number
  /** How often something that must run once was started at the target. */
  mailers: number
}

const spareMs = 2000

export function ordersOn(machine: Machine): number {
  return Number(machine.files.get('orders') ?? 0)
}

/** Each promise that is broken for this move now, in a sentence. */
export function brokenFor(move: Simulated, named: readonly string[], now: number): string[] {
  const { name, source, target } = move
  const sides = [source, ...(target === null ? [] : [target])]
  const open = sides.filter(serves)
  const mails = sides.filter((side) => side.running.has('mailer.timer'))
  const points = sides.filter((side) => named.includes(side.address))
  return [
    open.length > 1 ? `V1: both sides of ${name} accept client writes` : null,
    ...open.map((side) =>
      ordersOn(side) < move.acknowledged ? `V2: ${side.address} serves ${name} with ${ordersOn(side)} of ${move.acknowledged} orders` : null,
    ),
    ...sides.map((side) => (heldTooLong(side, now) ? `V4: clients of ${name} are held for too long` : null)),
    named.length === 0 ? `V7: the name of ${name} is empty` : null,
    points.some((side) => answers(side)) ? null : `V7: the name of ${name} leads to ${named.join(', ')}, where nobody answers`,
    mails.length > 1 || (mails[0] !== undefined && mails[0].helper?.role === 'closed') ? `V13: singletons of ${name} run where they must not` : null,
    sides.every((side) => side.helper?.forwarding === 'on') ? `V8: both sides of ${name} forward` : null,
    move.turned > move.committed.size ? `${name} was turned to its target ${move.turned} times in ${move.committed.size} commits` : null,
    move.mailers > move.committed.size ? `singletons of ${name} were started ${move.mailers} times in ${move.committed.size} commits` : null,
  ].filter((each) => each !== null)
}

function heldTooLong({ helper }: Machine, now: number): boolean {
  const attempt = helper?.attempt ?? null
  if (attempt === null || attempt.heldAt === null || attempt.phase === 'sealed') return false
  return now - attempt.heldAt > attempt.holdLimitMs + spareMs
}

/** Somebody serves there, holds, forwards, or is in the middle of a switch. */
function answers(machine: Machine): boolean {
  const { helper } = machine
  return serves(machine) || helper?.forwarding === 'on' || (helper?.attempt ?? null) !== null || isCommitted(machine)
}

function isCommitted({ helper }: Machine): boolean {
  return helper !== null && verdictOf(helper, helper.highest) === 'committed'
}
