// One try of one rung as the judge takes it, and what the last six tries of it say together.
import { baselineAtLeast, slowAboveMs, windowBad, windowTries, type JudgeRules } from './judge-rules.ts'
import { deviation, shareAbove, type Baseline } from './baseline.ts'
import type { Sample } from './evidence.ts'

/** `unknown`: not tried, or slow with nothing to compare it with; it counts for nothing. */
export type Grade = 'ok' | 'slow' | 'fail' | 'unknown'

/** One try: when (ms since 1970) and how it was. */
export type Look = { readonly at: number; readonly grade: Grade }

/** More spreads above the median than this is slow, if it is above the limit of its rung, too. */
const slowAbove = 6
/** So is what is as rare as this, where latencies scatter so much that six spreads are beyond every deadline. */
const rareBelow = 0.01

/** How a try was, against what is usual for this observer, target and rung. */
export function gradeOf({ outcome, ms, rung }: Sample, baseline: Baseline): Grade {
  if (outcome === 'unknown' || (outcome === 'ok' && ms === null)) return 'unknown'
  if (outcome === 'fail') return 'fail'
  if (ms === null || ms <= slowAboveMs[rung]) return 'ok'
  if (baseline.count < baselineAtLeast) return 'unknown'
  const isUnusual = (deviation(baseline, ms) ?? 0) > slowAbove || (shareAbove(baseline, ms) ?? 1) < rareBelow
  return isUnusual ? 'slow' : 'ok'
}

/** The last tries in the order of their time, with one more; the same try twice counts once. */
export function remember(looks: readonly Look[], look: Look): readonly Look[] {
  if (look.grade === 'unknown' || looks.some(({ at }) => at === look.at)) return looks
  const place = looks.findLastIndex(({ at }) => at < look.at) + 1
  return [...looks.slice(0, place), look, ...looks.slice(place)].slice(-windowTries)
}

/** What the tries that are not stale say: bad with four of six, `unknown` while too few were made to say either. */
export function stateOf(looks: readonly Look[], now: number, rules: JudgeRules): Grade {
  const recent = looks.filter(({ at }) => now - at <= rules.staleMs)
  const failed = recent.filter(({ grade }) => grade === 'fail').length
  const bad = failed + recent.filter(({ grade }) => grade === 'slow').length
  if (failed >= windowBad) return 'fail'
  if (bad >= windowBad) return 'slow'
  return recent.length > bad ? 'ok' : 'unknown'
}
