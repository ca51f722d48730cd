// The figures by which evidence is judged, in one place (measured and argued in docs/policy.md).
import type { Rung } from './evidence.ts'

export type JudgeRules = {
  /** Who may vote: the failure domain of each observer, by its name. */
  readonly observers: ReadonlyMap<string, string>
  /** Votes that must agree. */
  readonly quorum: number
  /** How long they must agree, without a gap. */
  readonly holdMs: number
  /** What is older says nothing of now. */
  readonly staleMs: number
}

/** Four bad tries of the last six are no accident. */
export const windowTries = 6
export const windowBad = 4
/** With fewer latencies than this nobody can say what is slow. */
export const baselineAtLeast = 30
/** Of its control targets, so many must answer an observer that votes; and its own event loop may lag so far (p99). */
export const controlsAtLeast = 2 / 3
export const loopLagBelowMs = 200
/** What an external monitor fired counts for so long, unless it fires again or takes it back. */
export const monitorVoteMs = 600_000
/** A record from further in the future comes from a clock that is wrong. */
export const aheadAtMostMs = 5000

/** No latency up to this is called slow, however unusual (ms). */
export const slowAboveMs: Readonly<Record<Rung, number>> = {
  icmp: 1000,
  tcp: 1000,
  banner: 1000,
  kex: 2000,
  auth: 3000,
  exec: 3000,
  fsync: 1000,
  echo: 1000,
  app: 2000,
  view: 60_000,
}

/** A round of a sick node takes as long as its deadlines, however short the interval is. */
const slowestRoundMs = 5000

/** Of the policy of a configuration; six tries take as long as six intervals, and two may be late. */
export function judgeRules(watch: {
  readonly interval: number
  readonly observers: readonly { readonly name: string; readonly failureDomain: string }[]
  readonly policy: { readonly quorum: number; readonly hold: number }
}): JudgeRules {
  return {
    observers: new Map(watch.observers.map(({ name, failureDomain }) => [name, failureDomain])),
    quorum: watch.policy.quorum,
    holdMs: watch.policy.hold,
    staleMs: (windowTries + 2) * Math.max(watch.interval, slowestRoundMs),
  }
}

/** How many observers at most go blind together. */
export function largestGroup(domains: Iterable<string>): number {
  const sizes = new Map<string, number>()
  for (const domain of domains) sizes.set(domain, (sizes.get(domain) ?? 0) + 1)
  return Math.max(0, ...sizes.values())
}
