// A workload that may fail over by itself, and what a case changes of it: `"passedAgo": "15d"` sets `passedAt`.
import { policySettings, type PolicyInput } from '../../src/core/policy.ts'
import { parseDuration } from '../../src/core/units.ts'

export const now = Date.UTC(2026, 2, 1, 10)
const second = 1000
const day = 86_400_000

export const ready: PolicyInput = {
  now,
  move: 'web-1',
  settings: policySettings({
    observers: ['ovh', 'telenor', 'tim'].map((failureDomain) => ({ failureDomain })),
    policy: { mode: 'auto', quorum: 3, maxLag: 10 * second, blockPeriod: 3600 * second, maxConcurrent: 1, maxPerHour: 2, drillWithin: 14 * day },
  }),
  plan: 'plan-1',
  off: false,
  judged: { at: now - second, standing: 'confirmed', verdict: 'gray', down: 3, monitorFires: false, staleMs: 40 * second },
  fence: { ways: 2, confirmedEpoch: 7 },
  epoch: { own: 7, highest: 7 },
  lag: { ms: 2 * second, at: now - second, moves: true },
  stoppedAt: null,
  drill: { passedAt: now - 3 * day, plan: 'plan-1' },
  failovers: [],
  approval: null,
}

type Changes = { readonly [key: string]: unknown }

/** `ready` with changes, however deep; a list replaces. */
export function inputOf(changes: Changes): PolicyInput {
  return changed(ready, changes)
}

/** An input with some more changes. */
export function changed(input: PolicyInput, changes: Changes): PolicyInput {
  return merge(input as unknown as Changes, changes) as unknown as PolicyInput
}

/** What another change took away is there again before a part of it is changed. */
const whole = ready as unknown as Changes

function merge(into: Changes, changes: Changes): Changes {
  const timed = Object.entries(changes).map(([key, value]): [string, unknown] =>
    key.endsWith('Ago') ? [key.replace(/Ago$/, 'At'), timeOf(String(value))] : [key, value],
  )
  const merged = timed.map(([key, value]): [string, unknown] => {
    const name = key === 'At' ? 'at' : key
    if (Array.isArray(value)) return [name, value.map((each) => merge({}, each as Changes))]
    return [name, isObject(value) ? merge((into[name] ?? whole[name] ?? {}) as Changes, value) : value]
  })
  return { ...into, ...Object.fromEntries(merged) }
}

/** `-5s` lies in the future. */
function timeOf(ago: string): number {
  const ms = parseDuration(ago.replace(/^-/, '')) ?? Number.NaN
  return ago.startsWith('-') ? now + ms : now - ms
}

function isObject(value: unknown): value is Changes {
  return typeof value === 'object' && value !== null
}
