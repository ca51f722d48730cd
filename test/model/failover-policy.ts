// What a controller of failover-model.ts may do: the product's own guards, of which single ones can be left out.
import { isQuorum } from '../../src/core/judge.ts'
import { largestGroup } from '../../src/core/judge-rules.ts'
import type { PolicyInput } from '../../src/core/policy.ts'
import { guardsOf, type GuardName, type Moment } from '../../src/core/policy-guards.ts'
import { domainOf, observers, type Guard, type Request, type Rules, type World } from './failover-model.ts'

const domains = new Map(observers.map((who) => [who as string, domainOf[who] as string]))
export const groupSize = largestGroup(domains.values())
const quorumRules = { observers: domains, quorum: groupSize + 1 }

/** Observers that see the serving side down now. */
export function votes({ said }: World): number {
  return observers.filter((who) => said[who] === 'down').length
}

export function agreed(world: World, { guards }: Rules): boolean {
  return guards.has('quorum') ? isQuorum(votes(world), false, quorumRules) : votes(world) > 0
}

/** Answers by what they were asked: a search asks the same a million times. */
const known = new Map<string, boolean>()

/** `request`: what is about to be sent; null: nothing is begun yet. */
export function mayAct(world: World, request: Request | null, moment: Moment, rules: Rules): boolean {
  const { approval, plan, off, lagOk, promoted, granted } = world
  const isConfirmed = agreed(world, rules) && (world.held || !rules.guards.has('hold'))
  const fence = request === null ? 0 : world[request.from].fence
  const facts = [moment, isConfirmed, votes(world), lagOk, off, promoted, plan, approval?.plan, approval?.used, request?.epoch, granted, fence]
  const key = `${facts.join()} ${[...rules.guards].join()} ${rules.mode}`
  const answer = known.get(key) ?? ask(inputOf(world, request, rules, isConfirmed), moment, rules, request?.epoch ?? 0)
  known.set(key, answer)
  return answer
}

function ask(input: PolicyInput, moment: Moment, { guards, mode }: Rules, epoch: number): boolean {
  const ignored = leftOut(moment, guards)
  return guardsOf(input, mode === 'auto' ? 'policy' : 'approval', moment, `f-${epoch}`).every(({ code, severity }) => severity === 'ok' || ignored.has(code))
}

function inputOf(world: World, request: Request | null, { guards, mode }: Rules, isConfirmed: boolean): PolicyInput {
  const { plan, off, lagOk, promoted, granted } = world
  const fence = request === null ? 0 : world[request.from].fence
  const settings = {
    mode,
    quorum: groupSize + 1,
    observers: 3,
    largestGroup: groupSize,
    maxLagMs: 10,
    blockPeriodMs: 100,
    maxConcurrent: 2,
    maxPerHour: 9,
    drillWithinMs: 100,
  }
  return {
    now: 1000,
    move: 'web-1',
    settings,
    plan: `plan-${plan}`,
    off,
    judged: { at: 1000, standing: isConfirmed ? 'confirmed' : 'suspected', verdict: 'gray', down: votes(world), monitorFires: false, staleMs: 40 },
    fence: { ways: 1, confirmedEpoch: fence === 0 ? null : fence },
    epoch: { own: request?.epoch ?? granted, highest: granted },
    lag: { ms: lagOk ? 0 : 60_000, at: 1000, moves: true },
    stoppedAt: null,
    drill: { passedAt: 1000, plan: `plan-${plan}` },
    failovers: promoted > 0 ? [{ id: 'f-0', move: 'web-1', startedAt: 990, endedAt: 990, by: 'policy' }] : [],
    approval: approvalOf(world, guards),
  }
}

function approvalOf({ approval, plan }: World, guards: ReadonlySet<Guard>): PolicyInput['approval'] {
  if (approval === null) return null
  const isUsed = approval.used > 0 && guards.has('approval-once')
  return {
    digest: `plan-${guards.has('approval-of-this-plan') ? approval.plan : plan}`,
    givenAt: 1000,
    used: isUsed ? { by: `f-${approval.used}`, at: 1000 } : null,
  }
}

/** Which of the product's guards are not asked at a moment, for each guard of the model that is not there. */
const without: Readonly<Partial<Record<Guard, Readonly<Partial<Record<Moment, readonly GuardName[]>>>>>> = {
  quorum: { decide: ['quorum'], fence: ['quorum'] },
  'look-again-before-the-fence': { fence: ['quorum', 'confirmed'] },
  'fence-confirmed': { promote: ['fence'] },
  'lag-at-the-act': { promote: ['lag'] },
  'block-period': { decide: ['block-period'], fence: ['block-period'], promote: ['block-period'] },
  'switch-at-the-act': { fence: ['switch'], promote: ['switch'] },
}

function leftOut(moment: Moment, guards: ReadonlySet<Guard>): ReadonlySet<string> {
  return new Set(Object.entries(without).flatMap(([guard, at]) => (guards.has(guard as Guard) ? [] : (at[moment] ?? []))))
}
