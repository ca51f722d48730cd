// Whether an observer is well enough itself to say that a target is not.
import type { Health, Sample } from './evidence.ts'
import { msOf } from './instant.ts'
import { controlsAtLeast, loopLagBelowMs, type JudgeRules } from './judge-rules.ts'

/** The last word of an observer on itself, and the last try of each rung of each control target. */
export type Wellness = {
  readonly health: { readonly at: number; readonly failureDomain: string; readonly loopLagMs: number } | null
  readonly controls: Readonly<Record<string, { readonly at: number; readonly ok: boolean }>>
}

export const nothingKnown: Wellness = { health: null, controls: {} }

export function heard(wellness: Wellness, { at, failureDomain, loopLagMs }: Health): Wellness {
  const time = msOf(at)
  return (wellness.health?.at ?? 0) > time ? wellness : { ...wellness, health: { at: time, failureDomain, loopLagMs } }
}

export function controlled(wellness: Wellness, { at, target, rung, connection, outcome }: Sample): Wellness {
  const key = `${target} ${rung} ${connection}`
  const time = msOf(at)
  if (outcome === 'unknown' || (wellness.controls[key]?.at ?? 0) > time) return wellness
  return { ...wellness, controls: { ...wellness.controls, [key]: { at: time, ok: outcome === 'ok' } } }
}

/** Why it has no vote now, in a sentence; null: it has one. */
export function whyNoVote(observer: string, wellness: Wellness, now: number, rules: JudgeRules): string | null {
  const domain = rules.observers.get(observer)
  const { health } = wellness
  if (domain === undefined) return 'it is not one of watch.observers'
  if (health === null || now - health.at > rules.staleMs) return `it has told nothing of itself for ${seconds(rules.staleMs)}`
  if (health.failureDomain !== domain) return `it says that it is in ${health.failureDomain}, and watch.observers says ${domain}`
  if (health.loopLagMs >= loopLagBelowMs) return `its own event loop lags by ${Math.round(health.loopLagMs)} ms, with a limit of ${loopLagBelowMs} ms`
  const { asked, well } = controlsOf(wellness, now, rules)
  if (asked === 0) return 'it has no control target that tells whether it is well itself'
  if (well / asked < controlsAtLeast) return `only ${well} of its ${asked} control targets answer it`
  return null
}

/** A control target is well while every rung of it that was tried lately is. */
function controlsOf({ controls }: Wellness, now: number, rules: JudgeRules): { readonly asked: number; readonly well: number } {
  const targets = new Map<string, boolean>()
  for (const [key, { at, ok }] of Object.entries(controls)) {
    if (now - at > rules.staleMs) continue
    const target = key.slice(0, key.indexOf(' '))
    targets.set(target, ok && targets.get(target) !== false)
  }
  return { asked: targets.size, well: [...targets.values()].filter(Boolean).length }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}
