// How a process that is told to end leaves its moves to others: each at once, but for one that holds clients. They would
// wait until somebody else has it and the attempt begins anew; so its attempt comes to an end here, whichever that is.
import { rowsOf } from '../core/runbook.ts'
import { sleep } from '../io/wait.ts'
import type { Verbs } from './migrate.ts'

/** A budget of 20 s, and what promotes, checks or undoes; less than service managers wait for an end. */
const patienceMs = 45_000
const lookEveryMs = 50

export type Drain = {
  /** Of one execution. */
  readonly enter: () => Leavable
  /** No new execution begins. Resolves when none holds clients any more, or the time is over. */
  readonly begin: (signal: AbortSignal) => Promise<void>
}

export type Leavable = {
  /** Aborts when the execution is to be left: what it does then is recorded nowhere. */
  readonly left: AbortSignal
  /** The same story, told while watching whether clients are held. */
  readonly watch: (verbs: Verbs) => Verbs
  /** It is over. */
  readonly end: () => void
}

export function openDrain(): Drain {
  const held = new Set<symbol>()
  const leave = new Map<symbol, AbortController>()
  let isTold = false
  return {
    enter: () => {
      const [id, left] = [Symbol('execution'), new AbortController()]
      leave.set(id, left)
      const holds = (isSo: boolean): void => {
        if (isSo) held.add(id)
        else held.delete(id)
        if (isTold && !isSo) left.abort()
      }
      holds(false)
      const end = (): void => {
        held.delete(id)
        leave.delete(id)
      }
      return { left: left.signal, watch: (verbs) => watching(verbs, holds), end }
    },
    begin: async (signal) => {
      isTold = true
      for (const [id, left] of leave) if (!held.has(id)) left.abort()
      const until = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
      while (held.size > 0 && !until.aborted) await sleep(lookEveryMs, until).catch(() => undefined)
    },
  }
}

function watching(verbs: Verbs, holds: (isSo: boolean) => void): Verbs {
  return {
    ...verbs,
    step: async (name) => {
      holds(holding.has(name))
      const result = await verbs.step(name)
      if (releases.has(name) && result.state === 'done') holds(false)
      return result
    },
    // The last thing of an attempt that was undone; what undoes it and looks who serves comes before.
    noteUndone: async (...noted) => {
      const again = await verbs.noteUndone(...noted)
      holds(false)
      return again
    },
  }
}

const releases: ReadonlySet<string> = new Set(['release-clients', 'release-clients-back'])
/** Rows during which clients wait. */
const holding: ReadonlySet<string> = new Set([
  ...[...rowsOf('switch'), ...rowsOf('settle')].map((row) => row.name).filter(between('hold-clients', 'release-clients')),
  ...rowsOf('back')
    .map((row) => row.name)
    .filter(between('hold-clients-back', 'release-clients-back')),
])

function between(first: string, last: string): (name: string, at: number, names: readonly string[]) => boolean {
  return (_, at, names) => at >= names.indexOf(first) && at <= names.indexOf(last)
}
