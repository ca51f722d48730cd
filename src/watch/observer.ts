// An observer looks at its targets round after round, each at its own pace, and keeps what it saw as evidence, with a word
// on how it was itself. It decides nothing.
import { setMaxListeners } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { messageOf } from '../core/errors.ts'
import type { Evidence, Sample } from '../core/evidence.ts'
import { sleep } from '../io/wait.ts'
import type { Try } from './attempt.ts'
import type { EvidenceLog } from './evidence-log.ts'
import type { Ladder } from './ladder.ts'
import { isBad } from './slow.ts'

/** `target`: what was looked at in the last round. */
export type Watched = { readonly target: string; readonly role: Sample['role']; readonly ladder: Ladder }

/** What a provider says of its nodes, in one question for all: a try of the rung `view` for each target that it concerns. */
export type View = { readonly everyMs: number; readonly ask: (signal: AbortSignal) => Promise<ReadonlyMap<string, Try>> }

export type ObserverOptions = {
  readonly observer: string
  readonly failureDomain: string
  readonly watched: readonly Watched[]
  readonly views: readonly View[]
  /** Between the beginnings of two rounds of a target. */
  readonly intervalMs: number
  /** The same after a round in which anything was bad. */
  readonly suspiciousMs: number
  /** Rounds at the same time, each with one fresh connection; the others wait for their turn. */
  readonly atOnce: number
  readonly log: Pick<EvidenceLog, 'append'>
  /** Told once a record is kept. */
  readonly onKept?: (evidence: readonly Evidence[]) => void
  /** What was seen and cannot be kept is lost, and said. */
  readonly onLost: (text: string) => void
  readonly signal: AbortSignal
}

/** Of whoever watches the nodes of a lifeboat.yaml. */
export const pace = { suspiciousMs: 1500, atOnce: 32 } as const

/** Looks until the signal ends it; then every connection is closed. */
export async function observe(options: ObserverOptions): Promise<void> {
  // Each target waits on it: that many are no leak.
  setMaxListeners(0, options.signal)
  const keep = keeper(options)
  const turn = turns(options.atOnce)
  const loops = [
    ...options.watched.map(async (each, nth) => await watch(each, (nth / options.watched.length) * options.intervalMs, options, keep, turn)),
    ...options.views.map(async (view) => await askAround(view, options, keep)),
    tellHealth(options, keep),
  ]
  await Promise.all(loops.map(async (loop) => await loop.catch(throwUnless(options.signal))))
}

type Keep = (evidence: readonly Evidence[]) => Promise<void>

/** Whoever brings evidence waits until it is on the disk, so no more is in memory than one round of each target. */
function keeper({ log, onKept, onLost }: ObserverOptions): Keep {
  return async (evidence) => {
    try {
      await log.append(evidence)
      onKept?.(evidence)
    } catch (error) {
      onLost(`${evidence.length} records of evidence could not be kept: ${messageOf(error)}`)
    }
  }
}

/** Targets begin one after the other, so that their rounds do not all fall together. */
async function watch(watched: Watched, waitMs: number, options: ObserverOptions, keep: Keep, turn: Turn): Promise<void> {
  const { observer, intervalMs, suspiciousMs, signal } = options
  const { role, ladder } = watched
  try {
    await sleep(waitMs, signal)
    for (;;) {
      const began = performance.now()
      const tries = await turn(async () => await ladder.round(signal))
      // Only now: a round may have gone over to another node.
      const { target } = watched
      await keep(tries.map((each): Sample => ({ kind: 'sample', observer, target, role, ...each })))
      const pause = tries.some(isBad) ? Math.min(suspiciousMs, intervalMs) : intervalMs
      await sleep(Math.max(pause - (performance.now() - began), pause / 10), signal)
    }
  } finally {
    ladder.close()
  }
}

async function askAround({ everyMs, ask }: View, { observer, signal }: ObserverOptions, keep: Keep): Promise<void> {
  for (;;) {
    const said = await ask(signal)
    await keep([...said].map(([target, each]): Sample => ({ kind: 'sample', observer, target, role: 'node', ...each })))
    await sleep(everyMs, signal)
  }
}

/** p99 of the event loop's delay over each interval. */
async function tellHealth({ observer, failureDomain, intervalMs, signal }: ObserverOptions, keep: Keep): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  try {
    for (;;) {
      await sleep(intervalMs, signal)
      // A delay that ends just now is counted before the end of this turn.
      await turnOfLoop()
      // It counts from one tick to the next, the tick itself included.
      const loopLagMs = Math.max(0, Math.round(delay.percentile(99) / 1e6) - 10)
      delay.reset()
      await keep([{ kind: 'health', at: new Date().toISOString(), observer, failureDomain, loopLagMs }])
    }
  } finally {
    delay.disable()
  }
}

type Turn = <T>(act: () => Promise<T>) => Promise<T>

/** At most so many at the same time, in the order in which they asked. */
function turns(atOnce: number): Turn {
  let free = atOnce
  const waiting: (() => void)[] = []
  return async (act) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await act()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}

function throwUnless(signal: AbortSignal) {
  return (error: unknown): void => {
    if (!signal.aborted) throw error
  }
}
