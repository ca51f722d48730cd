// Evidence becomes a standing: whether a target is down, by how many observers that share nothing, and since when they agree.
// Pure: the same evidence at the same times gives the same answer, so a report can be made from the log alone.
import type { Evidence, Sample } from './evidence.ts'
import { msOf } from './instant.ts'
import { fires, signalled, type Monitors } from './judge-monitor.ts'
import { controlled, heard, nothingKnown, whyNoVote, type Wellness } from './judge-observer.ts'
import { aheadAtMostMs, largestGroup, type JudgeRules } from './judge-rules.ts'
import { moveWatched } from './serving.ts'
import { silentSinceOf, noSight, see, viewOf, type Layer, type Sight, type SightView, type Verdict } from './judge-sight.ts'

/** `suspected`: somebody says down. `agreed`: enough do. `confirmed`: they did for as long as `hold` says. */
export type Standing = 'unknown' | 'healthy' | 'suspected' | 'agreed' | 'confirmed'

type Agreement = {
  readonly standing: Standing
  readonly since: number
  readonly agreedSince: number | null
  /** Since when nothing of it answers any observer that says down; null: something does, or none says so. */
  readonly silentSince: number | null
}

export type JudgeState = {
  /** When it was judged last (ms since 1970); 0: never. */
  readonly at: number
  /** By target, then by observer. */
  readonly sights: ReadonlyMap<string, ReadonlyMap<string, Sight>>
  readonly observers: ReadonlyMap<string, Wellness>
  readonly monitors: Monitors
  readonly agreements: ReadonlyMap<string, Agreement>
}

export type Vote = SightView & {
  readonly observer: string
  readonly failureDomain: string | null
  /** Why it has none; null: it votes. */
  readonly noVote: string | null
}

export type TargetView = Agreement & {
  readonly votes: readonly Vote[]
  /** Observers that vote at all, and those of them that say down. */
  readonly voters: number
  readonly down: number
  readonly monitorFires: boolean
  /** Of those who say down, whatever most of them say. */
  readonly verdict: Verdict
  readonly layer: Layer | null
}

export const noEvidence: JudgeState = { at: 0, sights: new Map(), observers: new Map(), monitors: {}, agreements: new Map() }

/** What is known once this evidence has come, now (ms since 1970). To be called at least once in `staleMs`: a hold does not go on through a gap. */
export function judge(before: JudgeState, evidence: readonly Evidence[], now: number, rules: JudgeRules): JudgeState {
  const at = Math.max(now, before.at)
  const known = absorb(before, evidence, at, rules)
  const unbroken = at - before.at <= rules.staleMs
  const agreements = new Map<string, Agreement>()
  for (const target of targetsOf(known)) agreements.set(target, agree(known, target, at, rules, unbroken ? before.agreements.get(target) : undefined))
  return { ...known, at, agreements }
}

/** All that is known of a target at the time of the last judgement. */
export function targetView(state: JudgeState, target: string, rules: JudgeRules): TargetView {
  const agreement = state.agreements.get(target) ?? { standing: 'unknown', since: state.at, agreedSince: null, silentSince: null }
  const votes = votesOn(state, target, state.at, rules)
  const voters = votes.filter(({ noVote }) => noVote === null)
  const down = voters.filter(saysDown)
  const said = mostOf((down.length > 0 ? down : voters).map(({ verdict }) => verdict)) ?? 'unknown'
  const layer = mostOf(down.map((vote) => vote.layer).filter((each) => each !== null)) ?? null
  return {
    ...agreement,
    votes,
    voters: voters.length,
    down: down.length,
    monitorFires: fires(state.monitors, moveWatched(target), state.at),
    verdict: said,
    layer,
  }
}

/** Every target of which anything is known. */
export function targetsOf({ sights, monitors }: JudgeState): ReadonlySet<string> {
  return new Set([...sights.keys(), ...Object.values(monitors).flatMap(({ subjects }) => subjects)])
}

/** Whether these votes are enough: as many as the quorum, a monitor counted once, and among observers more than can go blind together. */
export function isQuorum(down: number, monitorFires: boolean, rules: Pick<JudgeRules, 'observers' | 'quorum'>): boolean {
  return down + (monitorFires ? 1 : 0) >= rules.quorum && down > largestGroup(rules.observers.values())
}

function agree(state: JudgeState, target: string, now: number, rules: JudgeRules, before: Agreement | undefined): Agreement {
  const voters = votesOn(state, target, now, rules).filter(({ noVote }) => noVote === null)
  const saying = voters.filter(saysDown)
  const down = saying.length
  const monitor = fires(state.monitors, moveWatched(target), now)
  const agreed = isQuorum(down, monitor, rules)
  const agreedSince = agreed ? (before?.agreedSince ?? now) : null
  const isSilent = down > 0 && saying.every(({ verdict }) => verdict === 'hard-down')
  const standing = standingOf(agreedSince, down > 0 || monitor, voters, now, rules)
  const sights = saying.map(({ observer }) => state.sights.get(target)?.get(observer) ?? noSight)
  const silentSince = isSilent ? silentSinceOf(sights, before?.silentSince ?? null) : null
  return { standing, agreedSince, silentSince, since: before?.standing === standing ? before.since : now }
}

function standingOf(agreedSince: number | null, suspected: boolean, voters: readonly Vote[], now: number, rules: JudgeRules): Standing {
  if (agreedSince !== null) return now - agreedSince >= rules.holdMs ? 'confirmed' : 'agreed'
  if (suspected) return 'suspected'
  return voters.some(({ verdict }) => verdict !== 'unknown') ? 'healthy' : 'unknown'
}

function votesOn({ sights, observers }: JudgeState, target: string, now: number, rules: JudgeRules): Vote[] {
  return [...(sights.get(target) ?? [])].map(([observer, sight]) => ({
    observer,
    failureDomain: rules.observers.get(observer) ?? null,
    noVote: whyNoVote(observer, observers.get(observer) ?? nothingKnown, now, rules),
    ...viewOf(sight, now, rules),
  }))
}

function saysDown({ verdict }: Vote): boolean {
  return verdict === 'gray' || verdict === 'hard-down'
}

/** In the order of their times, whatever the order in which they came. */
function absorb(before: JudgeState, evidence: readonly Evidence[], now: number, rules: JudgeRules): JudgeState {
  const sights = new Map(before.sights)
  const observers = new Map(before.observers)
  let { monitors } = before
  const timed = evidence.filter(({ at }) => msOf(at) <= now + aheadAtMostMs).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const wellOf = (observer: string): Wellness => observers.get(observer) ?? nothingKnown
  const learns = learningOf(sights, wellOf, now, rules)
  for (const each of timed) {
    if (each.kind === 'health') observers.set(each.observer, heard(wellOf(each.observer), each))
    if (each.kind === 'signal') monitors = signalled(monitors, each)
    if (each.kind === 'sample' && each.role === 'control') observers.set(each.observer, controlled(wellOf(each.observer), each))
    if (each.kind === 'sample' && each.role === 'node') {
      const seen = sights.get(each.target)
      const sight = see(seen?.get(each.observer) ?? noSight, each, learns(each))
      sights.set(each.target, new Map(seen).set(each.observer, sight))
    }
  }
  return { ...before, sights, observers, monitors }
}

/** Whether a sample tells what is usual: its observer and its target are well. Asked once for all samples of one moment. */
function learningOf(sights: JudgeState['sights'], wellOf: (observer: string) => Wellness, now: number, rules: JudgeRules): (sample: Sample) => boolean {
  const known = new Map<string, { readonly at: string; readonly learns: boolean }>()
  return ({ observer, target, at }) => {
    const key = `${observer} ${target}`
    const last = known.get(key)
    if (last?.at === at) return last.learns
    const { verdict } = viewOf(sights.get(target)?.get(observer) ?? noSight, now, rules)
    const learns = verdict !== 'gray' && verdict !== 'hard-down' && whyNoVote(observer, wellOf(observer), now, rules) === null
    known.set(key, { at, learns })
    return learns
  }
}

function mostOf<T>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}
