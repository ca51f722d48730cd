// Requests of clients, gathered into buckets: a report stays small however many there were.
import type { Pause, Report, Sample, Series } from './schema.ts'
import { byCodeUnit } from '../core/canonical.ts'

type Side = 'source' | 'target' | 'other'

/** Whose client it was: by the address that answered, else by the name that was asked; null: of no move in the report. */
export type Whose = (sample: Pick<Sample, 'name' | 'address'>) => { readonly move: string; readonly side: Side } | null
type Timed = Omit<Sample, 'at'> & { readonly at: number }

const mostBuckets = { overview: 240, close: 120 } as const
const widths = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000]

/** Everything the report says about clients; null when there are no samples. */
export function trafficOf(samples: readonly Sample[], pauses: readonly Pause[], whose: Whose): Report['traffic'] {
  const timed = samples.map((sample) => ({ ...sample, at: typeof sample.at === 'number' ? sample.at : Date.parse(sample.at) }))
  const sorted = timed.toSorted((a, b) => a.at - b.at)
  const [first] = sorted
  const last = sorted.at(-1)
  if (!first || !last) return null
  return {
    from: iso(first.at),
    to: iso(last.at),
    overview: gather(sorted, first.at, last.at, mostBuckets.overview, whose),
    close: pauses.flatMap((pause, index) => closeUp(sorted, pause, index, whose)),
    answered: answeredBy(sorted, whose),
  }
}

/** What the clients of this move saw, with as much before and after the pause that one sees where it begins. */
function closeUp(samples: readonly Timed[], { move, from, to }: Pause, index: number, whose: Whose): NonNullable<Report['traffic']>['close'] {
  if (to === null) return []
  const [start, end] = [Date.parse(from), Date.parse(to)]
  const margin = Math.max(5000, 2 * (end - start))
  const near = samples.filter((sample) => sample.at >= start - margin && sample.at <= end + margin && whose(sample)?.move === move)
  return near.length === 0 ? [] : [{ pause: index, series: gather(near, start - margin, end + margin, mostBuckets.close, whose) }]
}

function gather(samples: readonly Timed[], from: number, to: number, most: number, whose: Whose): Series {
  const bucketMs = widths.find((width) => (to - from) / width <= most) ?? Math.ceil((to - from) / most)
  const start = Math.floor(from / bucketMs) * bucketMs
  const count = Math.floor((to - start) / bucketMs) + 1
  const buckets = Array.from({ length: count }, () => ({ source: 0, target: 0, other: 0, failed: 0, retried: 0, slowestMs: 0 }))
  for (const sample of samples) {
    const { at, ms, outcome } = sample
    const bucket = buckets[Math.floor((at - start) / bucketMs)]
    if (!bucket) continue
    bucket[outcome === 'failed' ? 'failed' : (whose(sample)?.side ?? 'other')]++
    if (outcome === 'retried') bucket.retried++
    bucket.slowestMs = Math.max(bucket.slowestMs, ms)
  }
  return { from: iso(start), bucketMs, buckets }
}

function answeredBy(samples: readonly Timed[], whose: Whose): NonNullable<Report['traffic']>['answered'] {
  const rows = new Map<string, { name: string; address: string; side: Side; requests: number; failed: number; first: string; last: string }>()
  for (const { at, name, address, outcome } of samples) {
    const key = `${name}\n${address}`
    const row = rows.get(key) ?? { name, address, side: whose({ name, address })?.side ?? 'other', requests: 0, failed: 0, first: iso(at), last: iso(at) }
    row.requests++
    if (outcome === 'failed') row.failed++
    row.last = iso(at)
    rows.set(key, row)
  }
  return [...rows.values()].toSorted((a, b) => byCodeUnit(a.name, b.name) || byCodeUnit(a.first, b.first) || byCodeUnit(a.address, b.address))
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
