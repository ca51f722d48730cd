// What the pattern of bad rungs is consistent with. It proves nothing: each has what speaks for it and what speaks against it.
import { rungs, type Rung } from '../../core/evidence.ts'
import { isBad, wasBad, type KeptSample } from './samples.ts'
import type { IncidentReport } from './schema.ts'

/** By the ladder as it was measured under faults that were made on purpose. */
const patterns: readonly { readonly text: string; readonly bad: readonly Rung[] }[] = [
  { text: 'a node or a network that does not answer at all', bad: ['icmp', 'tcp', 'banner', 'kex', 'auth', 'exec', 'fsync', 'echo', 'app'] },
  { text: 'processes that do not run: a frozen machine or a starved processor', bad: ['banner', 'kex', 'auth', 'exec', 'fsync', 'echo', 'app'] },
  { text: 'a data path that is slow or loses packets, while connections are still made', bad: ['kex', 'auth', 'exec', 'fsync', 'echo', 'app'] },
  { text: 'large packets that do not come through', bad: ['kex'] },
  { text: 'a stalled host or its storage', bad: ['exec', 'fsync'] },
  { text: 'small packets that wait: a device on the way that keeps state', bad: ['echo'] },
  { text: 'the application or its database', bad: ['app'] },
]
const shown = 3
const citedOfEach = 1

export function consistentWith(samples: readonly KeptSample[], from: string, to: string): IncidentReport['consistentWith'] {
  const within = samples.filter(({ evidence }) => evidence.at >= from && evidence.at <= to)
  const states = new Map(rungs.map((rung) => [rung, wasBad(samples, rung, from, to)]))
  const cite = (which: readonly Rung[], bad: boolean): number[] =>
    which.flatMap((rung) =>
      within
        .filter((sample) => sample.evidence.rung === rung && isBad(sample) === bad)
        .slice(0, citedOfEach)
        .map(({ seq }) => seq),
    )
  return patterns
    .map(({ text, bad }) => {
      const agreeing = bad.filter((rung) => states.get(rung) === true)
      const good = bad.filter((rung) => states.get(rung) === false)
      const others = rungs.filter((rung) => !bad.includes(rung) && states.get(rung) === true)
      return { text, agreeing, misses: good.length + others.length, for: cite(agreeing, true), against: [...cite(good, false), ...cite(others, true)] }
    })
    .filter(({ agreeing }) => agreeing.length > 0)
    .toSorted((one, other) => one.misses - other.misses)
    .slice(0, shown)
    .map(({ text, for: pro, against }) => ({ text, for: pro, against }))
}
