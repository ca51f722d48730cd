// What a simulated helper does within an attempt of a switch, with the refusals of helper/internal/machine: late and stale
// requests must meet the same doors here as there.
import type { Details } from '../../src/core/errors.ts'
import { refusal, write, type Attempt, type Helper, type Machine, type Verdict } from './machine.ts'

/** One request to the helper of a machine. */
export type Call = {
  readonly machine: Machine
  readonly helper: Helper
  /** The other side, where the configuration names one that is there. */
  readonly peer: Machine | null
  readonly args: Details
  readonly now: number
}
export type Op = (call: Call) => Details

export function authorize({ helper, args }: Pick<Call, 'helper' | 'args'>): void {
  const token = Number(args['token'])
  if (helper.owner === '') throw refusal('gate-closed', 'this node is not claimed yet')
  if (token < helper.token) throw refusal('token-stale', `token ${token} was overtaken by ${helper.token}`, { highest: helper.token })
  if (token > helper.token) throw refusal('gate-closed', `token ${token} was not claimed`)
  if (helper.tombstone) throw refusal('gate-closed', 'this node is finished')
}

const numberOf = (call: Call): number => Number(call.args['attempt'])

/** The attempt that a request speaks of, over or not. */
function attemptOf(call: Call): Attempt {
  authorize(call)
  const { attempt, highest } = call.helper
  if (attempt === null || attempt.number !== numberOf(call)) throw refusal('attempt-over', `attempt ${numberOf(call)} is not open, highest is ${highest}`)
  return attempt
}

function live(call: Call): Attempt {
  const attempt = attemptOf(call)
  if (attempt.over || attempt.boot !== call.machine.boot) throw refusal('attempt-over', `attempt ${attempt.number} is over`)
  return attempt
}

/** Null: what is to be undone was undone before, by the dead man or an earlier request. */
function undoing(call: Call): Attempt | null {
  authorize(call)
  return call.helper.attempt === null && numberOf(call) <= call.helper.highest ? null : attemptOf(call)
}

export function verdictOf(helper: Helper, attempt: number): Verdict {
  return helper.verdicts.get(attempt) ?? 'none'
}

function nothingLeft(helper: Helper, attempt: Attempt): boolean {
  if (attempt.heldAt !== null || attempt.phase === 'frozen' || attempt.phase === 'sealed') return false
  return attempt.part === 'giver' || verdictOf(helper, attempt.number) !== 'promoted'
}

function open(call: Call): Details {
  authorize(call)
  const { helper, machine, args, now } = call
  const [number, part] = [numberOf(call), args['part'] === 'giver' ? ('giver' as const) : ('receiver' as const)]
  const known = helper.attempt
  if (known?.number === number) live(call)
  else {
    if (number <= Math.max(helper.highest, Number(args['lastAttempt'] ?? 0))) throw refusal('attempt-over', `attempt ${number} is over`)
    if (known !== null && !nothingLeft(helper, known)) throw refusal('gate-closed', `attempt ${known.number} is still ${known.phase}`)
    if ((helper.role === 'open') !== (part === 'giver')) throw refusal('gate-closed', `this side is ${helper.role}`)
    const [leaseMs, budgetMs, holdLimitMs] = [Number(args['leaseMs']), Number(args['budgetMs']), Number(args['holdLimitMs'])]
    const ran = [...machine.running]
    const times = { leaseMs, holdLimitMs, leaseEnds: now + leaseMs, budgetEnds: now + budgetMs }
    helper.attempt = { number, part, boot: machine.boot, ran, phase: 'opened', heldAt: null, over: false, seal: null, ...times }
    helper.highest = number
  }
  const running = Object.fromEntries((helper.config?.units ?? []).map((unit) => [unit, helper.attempt?.ran.includes(unit) === true]))
  return { running, bootId: String(machine.boot) }
}

function freeze(call: Call): Details {
  const attempt = live(call)
  if (attempt.phase !== 'held' && attempt.phase !== 'frozen') throw refusal('gate-closed', `attempt ${attempt.number} is ${attempt.phase}`)
  const stopped = [...call.machine.running]
  call.machine.running.clear()
  attempt.phase = 'frozen'
  return { stopped: stopped.map((unit) => ({ unit, ms: 1, killed: false })) }
}

function seal(call: Call): Details {
  const attempt = live(call)
  const { machine, helper, args, now } = call
  if (attempt.phase === 'sealed') return { seal: (attempt.seal = { ...attempt.seal, token: args['token'] }) }
  if (attempt.phase !== 'frozen') throw refusal('gate-closed', `attempt ${attempt.number} is ${attempt.phase}`)
  if (Number(args['sequence']) !== machine.sequence) throw refusal('gate-closed', 'this side is not quiet')
  if (attempt.budgetEnds - now < Number(args['needMs'])) throw refusal('over-budget', 'too little of the budget is left')
  attempt.phase = 'sealed'
  helper.role = 'closed'
  attempt.seal = { attempt: attempt.number, token: args['token'], bootId: String(machine.boot), sequence: machine.sequence }
  return { seal: attempt.seal }
}

function promote(call: Call): Details {
  const attempt = live(call)
  const { machine, helper, args } = call
  const proof = args['seal'] as Details | null
  if (proof === null || proof['attempt'] !== attempt.number || proof['token'] !== args['token'])
    throw refusal('gate-closed', 'there is no seal of this attempt')
  const verdict = verdictOf(helper, attempt.number)
  if (verdict === 'void') throw refusal('gate-closed', `attempt ${attempt.number} is void`)
  if (verdict === 'none') {
    if (helper.role !== 'closed') throw refusal('gate-closed', 'this side is open already')
    if (Number(args['admitted']) !== helper.admitted) throw refusal('gate-closed', 'copies came after the comparison')
    helper.verdicts.set(attempt.number, 'promoted')
    attempt.phase = 'promoted'
  }
  for (const unit of (args['units'] as string[] | undefined) ?? []) machine.running.add(unit)
  // What a service writes as it starts: worthless, and to be replaced, should the attempt be void.
  if (verdict === 'none') write(machine, 'run/started', String(attempt.number))
  return { started: [] }
}

function commit(call: Call): Details {
  const { helper } = call
  authorize(call)
  if (verdictOf(helper, numberOf(call)) === 'committed') return { value: 'committed' }
  const attempt = live(call)
  if (attempt.phase !== 'promoted') throw refusal('gate-closed', `attempt ${attempt.number} is ${attempt.phase}`)
  helper.verdicts.set(attempt.number, 'committed')
  Object.assign(attempt, { phase: 'done' })
  Object.assign(helper, { role: 'open', forwarding: 'none' })
  return { value: 'committed' }
}

/** Decides against the receiver, also of an attempt that it never saw: a late promotion then finds the door shut. */
export function makeVoid(machine: Machine, helper: Helper, attempt: number): void {
  const verdict = verdictOf(helper, attempt)
  if (verdict === 'committed') throw refusal('gate-closed', `attempt ${attempt} is committed`)
  if (helper.role === 'open') throw refusal('gate-closed', 'this side is open')
  helper.verdicts.set(attempt, 'void')
  helper.highest = Math.max(helper.highest, attempt)
  machine.running.clear()
  if (helper.attempt?.number === attempt) helper.attempt.phase = 'opened'
}

function release(call: Call): Details {
  const attempt = undoing(call)
  if (attempt === null) {
    if (call.helper.forwarding === 'on' || call.helper.role === 'open') return { released: 0 }
    throw refusal('attempt-over', `attempt ${numberOf(call)} is over`)
  }
  if (attempt.part === 'giver' && attempt.phase !== 'done') {
    if (attempt.phase !== 'sealed' || call.args['committed'] !== true) throw refusal('gate-closed', `attempt ${attempt.number} is ${attempt.phase}`)
    letGo(call.helper, attempt)
  } else if (attempt.phase !== 'done') throw refusal('gate-closed', `attempt ${attempt.number} is ${attempt.phase}`)
  attempt.heldAt = null
  return { released: 1 }
}

/** The giver sends its clients to the other side for good. */
export function letGo(helper: Helper, attempt: Attempt): void {
  Object.assign(attempt, { phase: 'done', heldAt: null })
  helper.forwarding = 'on'
}

/** What ran before runs again, and nothing else (V9). */
export function thawed(machine: Machine, attempt: Attempt): void {
  for (const unit of attempt.ran) machine.running.add(unit)
  attempt.phase = attempt.heldAt === null ? 'opened' : 'held'
}

function thaw(call: Call): Details {
  const attempt = undoing(call)
  if (attempt === null || attempt.part !== 'giver') return {}
  if (attempt.phase === 'sealed' || attempt.phase === 'done') throw refusal('gate-closed', `attempt ${attempt.number} is ${attempt.phase}`)
  if (attempt.phase === 'frozen') thawed(call.machine, attempt)
  return {}
}

function unseal(call: Call): Details {
  const attempt = undoing(call)
  if (attempt === null || attempt.phase !== 'sealed') return {}
  const { peer, helper } = call
  if (peer?.helper == null) throw refusal('node-failed', 'the peer does not answer')
  makeVoid(peer, peer.helper, attempt.number)
  Object.assign(attempt, { phase: 'frozen', seal: null })
  helper.role = 'open'
  return {}
}

function unhold(call: Call): Details {
  const attempt = undoing(call)
  if (attempt === null) return { released: 0 }
  if (attempt.phase === 'done' || (attempt.part === 'giver' && attempt.phase !== 'held' && attempt.phase !== 'opened'))
    throw refusal('gate-closed', `attempt ${attempt.number} is ${attempt.phase}`)
  attempt.heldAt = null
  if (attempt.phase === 'held') attempt.phase = 'opened'
  return { released: 1 }
}

function close(call: Call): Details {
  const attempt = undoing(call)
  if (attempt === null) return {}
  if (attempt.phase !== 'done' && !nothingLeft(call.helper, attempt)) throw refusal('gate-closed', `attempt ${attempt.number} is ${attempt.phase}`)
  call.helper.attempt = null
  return {}
}

export const attemptOps: Readonly<Record<string, Op>> = {
  'open-attempt': open,
  renew: (call) => {
    const attempt = live(call)
    attempt.leaseEnds = call.now + attempt.leaseMs
    return {}
  },
  hold: (call) => {
    const attempt = live(call)
    if (attempt.part === 'receiver' && call.helper.forwarding !== 'on') throw refusal('gate-closed', 'there is nobody to hold')
    attempt.heldAt ??= call.now
    if (attempt.phase === 'opened') attempt.phase = 'held'
    return {}
  },
  freeze,
  seal,
  promote,
  demote: (call) => {
    authorize(call)
    makeVoid(call.machine, call.helper, numberOf(call))
    return {}
  },
  commit,
  verdict: (call) => ({ value: verdictOf(call.helper, numberOf(call)) }),
  release,
  thaw,
  unseal,
  unhold,
  'close-attempt': close,
}
