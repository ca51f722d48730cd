// What one observer sees of one target: the ladder, rung by rung, and a verdict.
import { learn, noBaseline, type Baseline } from './baseline.ts'
import { rungs, type Rung, type Sample } from './evidence.ts'
import { msOf } from './instant.ts'
import { gradeOf, remember, stateOf, type Grade, type Look } from './judge-grade.ts'
import type { JudgeRules } from './judge-rules.ts'

/**
 * `gray`: something of it answers, and something that a user needs is slow or fails. `hard-down`: nothing that was asked of it
 * answers. `provider-claims-trouble`: only the provider says that it is not well.
 */
export type Verdict = 'healthy' | 'gray' | 'hard-down' | 'provider-claims-trouble' | 'unknown'

/** Where the fault seems to be; consistent with what was seen, no more. */
export type Layer = 'unreachable' | 'network' | 'process' | 'data-path' | 'large-packets' | 'host-or-storage' | 'small-packets' | 'application'

type RungSight = { readonly fresh: readonly Look[]; readonly kept: readonly Look[]; readonly baseline: Baseline }
export type Sight = { readonly rungs: Readonly<Partial<Record<Rung, RungSight>>> }

export const noSight: Sight = { rungs: {} }
const noRung: RungSight = { fresh: [], kept: [], baseline: noBaseline }

/** With one more try. What is usual is learned only while all is well. */
export function see(sight: Sight, sample: Sample, learns: boolean): Sight {
  const { rung, connection, ms } = sample
  const known = sight.rungs[rung] ?? noRung
  const at = msOf(sample.at)
  const grade = gradeOf(sample, known.baseline)
  const usual = learns && ms !== null && sample.outcome === 'ok' && grade !== 'slow'
  const baseline = usual ? learn(known.baseline, ms, at) : known.baseline
  return { rungs: { ...sight.rungs, [rung]: { ...known, [connection]: remember(known[connection], { at, grade }), baseline } } }
}

export type SightView = {
  readonly verdict: Verdict
  readonly rungs: Readonly<Record<Rung, Grade>>
  /** Mean of what is asked of the node from outside less mean of what is done on it; null: one of both is unknown. */
  readonly doIndex: number | null
  readonly layer: Layer | null
  /** Whether any recent try was bad: reason to look more often. */
  readonly suspicious: boolean
}

/** Clients use these; ping and the provider's word are not among them. */
const used = ['tcp', 'banner', 'kex', 'auth', 'exec', 'fsync', 'echo', 'app'] as const satisfies readonly Rung[]
const outside = ['icmp', 'tcp', 'banner', 'view'] as const satisfies readonly Rung[]
const inside = ['exec', 'fsync', 'echo', 'app'] as const satisfies readonly Rung[]
const session = ['exec', 'fsync', 'echo'] as const satisfies readonly Rung[]

/** The ladder as it stands now (ms since 1970). */
export function viewOf(sight: Sight, now: number, rules: JudgeRules): SightView {
  const states = Object.fromEntries(rungs.map((rung) => [rung, rungState(sight, rung, now, rules)])) as Record<Rung, Grade>
  const verdict = verdictOf(states)
  const isDown = verdict === 'gray' || verdict === 'hard-down'
  const looks = Object.values(sight.rungs).flatMap(({ fresh, kept }) => [...fresh, ...kept])
  return {
    verdict,
    rungs: states,
    doIndex: indexOf(states),
    layer: isDown ? layerOf(states) : null,
    suspicious: looks.some(({ at, grade }) => grade !== 'ok' && now - at <= rules.staleMs),
  }
}

/** The first try after the last that was answered (ms since 1970); `before`: what was known, while no answered one is remembered. Null: the last was answered. */
export function silentSinceOf(sights: readonly Sight[], before: number | null): number | null {
  const looks = sights.flatMap((sight) => used.flatMap((rung) => [...(sight.rungs[rung]?.fresh ?? []), ...(sight.rungs[rung]?.kept ?? [])]))
  const answered = Math.max(...looks.filter(({ grade }) => grade !== 'fail').map(({ at }) => at))
  if (answered === -Infinity && before !== null) return before
  const since = Math.min(...looks.map(({ at }) => at).filter((at) => at > answered))
  return since === Infinity ? null : since
}

/** Old connections may be broken alone: what they show is believed only once a new one has been tried, and did not show it to be well. */
function rungState(sight: Sight, rung: Rung, now: number, rules: JudgeRules): Grade {
  const { fresh, kept } = sight.rungs[rung] ?? noRung
  const anew = stateOf(fresh, now, rules)
  if (anew !== 'unknown') return anew
  const old = stateOf(kept, now, rules)
  const triedAnew = Object.values(sight.rungs).some((each) => each.fresh.some(({ at }) => now - at <= rules.staleMs))
  return old === 'ok' || old === 'unknown' || triedAnew ? old : 'unknown'
}

function verdictOf(states: Readonly<Record<Rung, Grade>>): Verdict {
  const known = used.filter((rung) => states[rung] !== 'unknown')
  if (known.length === 0) return 'unknown'
  const asked = [...known.map((rung) => states[rung]), states.icmp].filter((grade) => grade !== 'unknown')
  if (asked.every((grade) => grade === 'fail')) return 'hard-down'
  if (known.some((rung) => states[rung] !== 'ok')) return 'gray'
  return states.view === 'fail' ? 'provider-claims-trouble' : 'healthy'
}

const worth = { ok: 1, slow: 0.5, fail: 0 } as const

function indexOf(states: Readonly<Record<Rung, Grade>>): number | null {
  const mean = (of: readonly Rung[]): number | null => {
    const known = of.map((rung) => states[rung]).filter((grade) => grade !== 'unknown')
    return known.length === 0 ? null : known.reduce((sum, grade) => sum + worth[grade], 0) / known.length
  }
  const [seen, done] = [mean(outside), mean(inside)]
  return seen === null || done === null ? null : seen - done
}

/** By the first bad rung (facts: the ladder, measured). */
function layerOf(states: Readonly<Record<Rung, Grade>>): Layer {
  const bad = (rung: Rung): boolean => states[rung] === 'slow' || states[rung] === 'fail'
  const isOk = (rung: Rung): boolean => states[rung] === 'ok'
  if (bad('tcp')) return isOk('icmp') || isOk('app') ? 'network' : 'unreachable'
  if (bad('banner')) return inside.some(isOk) && !isSessionLost(states) ? 'process' : 'data-path'
  // What holds large packets up does so from the key exchange on.
  if (bad('kex') || (bad('auth') && !bad('echo'))) return isSessionLost(states) ? 'data-path' : 'large-packets'
  return layerInside(bad)
}

/** No disk holds an echo up; what does may hold a longer talk up, too. */
function layerInside(bad: (rung: Rung) => boolean): Layer {
  if (bad('echo') && !bad('exec')) return 'small-packets'
  return bad('exec') || bad('fsync') ? 'host-or-storage' : 'application'
}

/** The application answers on connections of its own: it says nothing of the way of a session. */
function isSessionLost(states: Readonly<Record<Rung, Grade>>): boolean {
  const known = session.map((rung) => states[rung]).filter((grade) => grade !== 'unknown')
  return known.length > 0 && known.every((grade) => grade !== 'ok')
}
