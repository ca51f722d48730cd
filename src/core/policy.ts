// Whether Lifeboat fails a workload over: by itself, by a person's approval, or not at all, and why. Every guard is looked at
// twice: when it is decided, and again at the act (policy-guards.ts), as the world may have changed in between.
import { guardsOf, type Guard, type Moment, type Trigger } from './policy-guards.ts'
import { largestGroup } from './judge-rules.ts'
import type { Standing } from './judge.ts'
import type { Verdict } from './judge-sight.ts'

export type Mode = 'observe' | 'propose' | 'auto'

export type PolicySettings = {
  readonly mode: Mode
  readonly quorum: number
  /** Observers that vote, and of these the most that share a failure domain. */
  readonly observers: number
  readonly largestGroup: number
  readonly maxLagMs: number
  readonly blockPeriodMs: number
  readonly maxConcurrent: number
  readonly maxPerHour: number
  readonly drillWithinMs: number
}

/** Of `watch:` in lifeboat.yaml. */
export function policySettings(watch: {
  readonly observers: readonly { readonly failureDomain: string }[]
  readonly policy: {
    readonly mode: Mode
    readonly quorum: number
    readonly maxLag: number
    readonly blockPeriod: number
    readonly maxConcurrent: number
    readonly maxPerHour: number
    readonly drillWithin: number
  }
}): PolicySettings {
  const { mode, quorum, maxLag, blockPeriod, maxConcurrent, maxPerHour, drillWithin } = watch.policy
  return {
    mode,
    quorum,
    observers: watch.observers.length,
    largestGroup: largestGroup(watch.observers.map(({ failureDomain }) => failureDomain)),
    maxLagMs: maxLag,
    blockPeriodMs: blockPeriod,
    maxConcurrent,
    maxPerHour,
    drillWithinMs: drillWithin,
  }
}

/** The word of a person for one plan, once. */
export type Approval = {
  readonly digest: string
  readonly givenAt: number
  /** The failover that used it, and when; null: none did. */
  readonly used: { readonly by: string; readonly at: number } | null
}

/** Null of anything: nobody knows. Times in ms since 1970. */
export type PolicyInput = {
  readonly now: number
  readonly move: string
  readonly settings: PolicySettings
  /** Digest of the exact plan that would be carried out. */
  readonly plan: string | null
  readonly off: boolean
  readonly judged: {
    readonly at: number
    readonly standing: Standing
    readonly verdict: Verdict
    readonly down: number
    readonly monitorFires: boolean
    /** What is older than this is no judgement of now. */
    readonly staleMs: number
  } | null
  readonly fence: {
    /** Ways to cut the source off that are configured. */
    readonly ways: number
    /** Read back, and the old address silent, under this epoch; null: not (yet). */
    readonly confirmedEpoch: number | null
  }
  /** Of this controller, and the highest that anybody has been granted. */
  readonly epoch: { readonly own: number; readonly highest: number } | null
  /** Of the standby: how far behind, when that was measured, and whether it has moved since the sample before. */
  readonly lag: { readonly ms: number; readonly at: number; readonly moves: boolean } | null
  /** Since when the source acknowledges no write, as far as anybody can see: it is cut off, or nothing of it answers. Null: it may still. */
  readonly stoppedAt: number | null
  readonly drill: { readonly passedAt: number; readonly plan: string } | null
  /** Of the whole fleet, the newest of the last hours; `endedAt` null: it is at work. */
  readonly failovers: readonly Failover[] | null
  readonly approval: Approval | null
}

export type Failover = { readonly id: string; readonly move: string; readonly startedAt: number; readonly endedAt: number | null; readonly by: Trigger }

export type Decision = {
  readonly act: 'nothing' | 'propose' | 'fail-over'
  /** Whose word it is; null: nobody's. */
  readonly by: Trigger | null
  /** Every guard of what was decided, or of the most that the mode allows. */
  readonly guards: readonly Guard[]
}

/** What to do now about this workload. */
export function decide(input: PolicyInput): Decision {
  const auto = guardsOf(input, 'policy', 'decide')
  if (auto.every(isOpen)) return { act: 'fail-over', by: 'policy', guards: auto }
  const approved = guardsOf(input, 'approval', 'decide')
  if (approved.every(isOpen)) return { act: 'fail-over', by: 'approval', guards: approved }
  const proposed = approved.filter(({ code }) => code !== 'approval')
  const act = proposed.every(isOpen) ? 'propose' : 'nothing'
  return { act, by: null, guards: input.settings.mode === 'auto' ? auto : approved }
}

/** Whether this failover, which was decided before, may do the next thing now; else what refuses it. */
export function mayActNow(
  input: PolicyInput,
  trigger: Trigger,
  moment: Exclude<Moment, 'decide'>,
  failover: string,
): { readonly may: boolean; readonly guards: readonly Guard[] } {
  const guards = guardsOf(input, trigger, moment, failover)
  return { may: guards.every(isOpen), guards }
}

/** What stands in the way. What is unknown does, too. */
export function refusals(guards: readonly Guard[]): readonly Guard[] {
  return guards.filter((guard) => !isOpen(guard))
}

function isOpen({ severity }: Guard): boolean {
  return severity !== 'error'
}
