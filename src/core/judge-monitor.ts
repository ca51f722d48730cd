// What monitoring says from outside. However many systems fire, together they are one vote; none of them is ever a command.
import type { Signal } from './evidence.ts'
import { msOf } from './instant.ts'
import { monitorVoteMs } from './judge-rules.ts'

/** What fires now, by source and instance; a source that is blind fires nothing. */
export type Monitors = Readonly<Record<string, { readonly at: number; readonly source: string; readonly subjects: readonly string[] }>>

/** With one more signal. What takes an alert back counts always; what raises one only with a weight. */
export function signalled(monitors: Monitors, signal: Signal): Monitors {
  const { at, source, instanceKey, state, weight, subjects } = signal
  const key = `${source} ${instanceKey}`
  const time = msOf(at)
  if ((monitors[key]?.at ?? 0) > time) return monitors
  if (state === 'blind') return without(monitors, (name) => name.startsWith(`${source} `))
  if (state === 'resolved') return without(monitors, (name) => name === key)
  if (state !== 'firing' || weight === 0) return monitors
  const live = without(monitors, (name) => time - (monitors[name]?.at ?? 0) > monitorVoteMs)
  return { ...live, [key]: { at: time, source, subjects } }
}

/** Whether any monitor says now that this target is in trouble. */
export function fires(monitors: Monitors, target: string, now: number): boolean {
  return Object.values(monitors).some(({ at, subjects }) => now - at <= monitorVoteMs && subjects.includes(target))
}

function without(monitors: Monitors, gone: (key: string) => boolean): Monitors {
  return Object.fromEntries(Object.entries(monitors).filter(([key]) => !gone(key)))
}
