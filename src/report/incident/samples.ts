// What the samples of an incident show: when it began, which rungs were bad, and a map of all of them.
import { rungs, type Rung, type Sample } from '../../core/evidence.ts'
import { slowAboveMs } from '../../core/judge-rules.ts'
import type { IncidentReport, Kept } from './schema.ts'

export type KeptSample = Omit<Kept, 'evidence'> & { readonly evidence: Sample }

const mostBuckets = 120
const recentMs = 60_000

export function samplesOf(evidence: readonly Kept[], target: string): readonly KeptSample[] {
  return evidence.flatMap(({ evidence: each, ...place }) =>
    each.kind === 'sample' && each.target === target && each.role === 'node' && each.outcome !== 'unknown' ? [{ ...place, evidence: each }] : [],
  )
}

/** Without a baseline: whatever the judge could call slow. */
export function isBad({ evidence: { outcome, ms, rung } }: KeptSample): boolean {
  return outcome === 'fail' || (ms ?? 0) > slowAboveMs[rung]
}

export type Onset = { readonly firstBad: KeptSample; readonly lastGood: KeptSample | null }

/** The beginning of what was suspected: of the rungs that were bad then, the first bad look after their last good one. */
export function onsetOf(samples: readonly KeptSample[], suspectedAt: string): Onset | null {
  const before = samples.filter(({ evidence }) => evidence.at <= suspectedAt)
  const recent = new Date(Date.parse(suspectedAt) - recentMs).toISOString()
  const ladders = Map.groupBy(before, ({ evidence: { observer, rung, connection } }) => `${observer} ${rung} ${connection}`)
  const onsets = [...ladders.values()].flatMap((unsorted): Onset[] => {
    const looks = unsorted.toSorted(byTime)
    const last = looks.at(-1)
    if (last === undefined || last.evidence.at < recent || !isBad(last)) return []
    const good = looks.findLastIndex((look) => !isBad(look))
    const firstBad = looks[good + 1]
    return firstBad === undefined ? [] : [{ firstBad, lastGood: looks[good] ?? null }]
  })
  return onsets.toSorted((one, other) => byTime(one.firstBad, other.firstBad))[0] ?? null
}

/** The first look at which every rung that was bad in the outage was good again, and stayed so. */
export function endOf(samples: readonly KeptSample[], onset: Onset): KeptSample | null {
  const after = samples.filter(({ evidence }) => evidence.at >= onset.firstBad.evidence.at).toSorted(byTime)
  const lastBad = after.findLastIndex(isBad)
  return after[lastBad + 1] ?? null
}

/** Whether a rung was bad more often than not between two times; null: it was not tried. */
export function wasBad(samples: readonly KeptSample[], rung: Rung, from: string, to: string): boolean | null {
  const looks = samples.filter(({ evidence }) => evidence.rung === rung && evidence.at >= from && evidence.at <= to)
  return looks.length === 0 ? null : looks.filter(isBad).length * 2 >= looks.length
}

export function ladderOf(samples: readonly KeptSample[], intervalMs: number): IncidentReport['ladder'] {
  const times = samples.map(({ evidence }) => Date.parse(evidence.at))
  if (times.length === 0) return null
  const start = times.reduce((least, each) => Math.min(least, each))
  const length = times.reduce((most, each) => Math.max(most, each)) - start + 1
  const bucketMs = Math.max(intervalMs, Math.ceil(length / mostBuckets / 1000) * 1000)
  const buckets = Math.ceil(length / bucketMs)
  const observers = Map.groupBy(samples, ({ evidence }) => evidence.observer)
  return {
    from: new Date(start).toISOString(),
    bucketMs,
    observers: [...observers]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([observer, own]) => ({
        observer,
        rungs: rungs
          .map((rung) => ({
            rung,
            cells: cellsOf(
              own.filter(({ evidence }) => evidence.rung === rung),
              start,
              bucketMs,
              buckets,
            ),
          }))
          .filter(({ cells }) => /[^.]/.test(cells)),
      })),
  }
}

function cellsOf(samples: readonly KeptSample[], start: number, bucketMs: number, buckets: number): string {
  const tried = Array.from({ length: buckets }, () => 0)
  const bad = Array.from({ length: buckets }, () => 0)
  for (const sample of samples) {
    const at = Math.floor((Date.parse(sample.evidence.at) - start) / bucketMs)
    tried[at] = (tried[at] ?? 0) + 1
    if (isBad(sample)) bad[at] = (bad[at] ?? 0) + 1
  }
  return tried.map((count, at) => (count === 0 ? '.' : bad[at] === 0 ? 'o' : bad[at] === count ? 'b' : 's')).join('')
}

function byTime(one: KeptSample, other: KeptSample): number {
  return one.evidence.at === other.evidence.at ? one.seq - other.seq : one.evidence.at < other.evidence.at ? -1 : 1
}
