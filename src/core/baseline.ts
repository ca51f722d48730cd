// How long one rung of one target takes for one observer when all is well: counts of ln latency by day, for seven days. A
// sketch of bounded size, whatever the number of samples: median and MAD come out within 1 %.

/** Width of a bucket in ln ms; the smallest latency that is told apart. */
const width = 0.02
const shortestMs = 0.05
const daysKept = 7
const dayMs = 86_400_000
/** A spread that is smaller than this says more about luck than about the target (facts: 0.15 in ln). */
const leastSpread = 0.15
/** Makes a MAD comparable with a standard deviation. */
const madScale = 1.4826

type Day = { readonly day: number; readonly counts: Readonly<Record<number, number>> }

/** Oldest day first. */
export type Baseline = { readonly count: number; readonly days: readonly Day[] }

export const noBaseline: Baseline = { count: 0, days: [] }

/** With one more latency (ms) of a moment (ms since 1970) at which all was well. */
export function learn(baseline: Baseline, ms: number, at: number): Baseline {
  const day = Math.floor(at / dayMs)
  const newest = Math.max(day, baseline.days.at(-1)?.day ?? day)
  const kept = baseline.days.filter((each) => each.day > newest - daysKept)
  if (day <= newest - daysKept) return baseline
  const bucket = bucketOf(ms)
  const { counts } = kept.find((each) => each.day === day) ?? { counts: {} as Day['counts'] }
  const grown = { day, counts: { ...counts, [bucket]: (counts[bucket] ?? 0) + 1 } }
  const days = [...kept.filter((each) => each.day < day), grown, ...kept.filter((each) => each.day > day)]
  const forgotten = kept.length < baseline.days.length
  return { count: forgotten ? sum(days) : baseline.count + 1, days }
}

/** Median and MAD of ln ms; null: nothing was learned. */
export function summaryOf(baseline: Baseline): { readonly median: number; readonly mad: number } | null {
  const all = new Map<number, number>()
  for (const { counts } of baseline.days) for (const [bucket, count] of Object.entries(counts)) all.set(Number(bucket), (all.get(Number(bucket)) ?? 0) + count)
  if (all.size === 0) return null
  const median = middle([...all])
  const mad = middle([...all].map(([bucket, count]) => [Math.abs(bucket - median), count]))
  return { median: median * width + Math.log(shortestMs), mad: mad * width }
}

/** How many spreads a latency (ms) lies above the median; null: nothing was learned. */
export function deviation(baseline: Baseline, ms: number): number | null {
  const summary = summaryOf(baseline)
  if (summary === null) return null
  return (Math.log(Math.max(ms, shortestMs)) - summary.median) / Math.max(madScale * summary.mad, leastSpread)
}

/** Share of what was learned that took at least as long; null: nothing was learned. */
export function shareAbove(baseline: Baseline, ms: number): number | null {
  const bucket = bucketOf(ms)
  let [above, all] = [0, 0]
  for (const { counts } of baseline.days)
    for (const [each, count] of Object.entries(counts)) {
      all += count
      if (Number(each) >= bucket) above += count
    }
  return all === 0 ? null : above / all
}

function bucketOf(ms: number): number {
  return Math.max(0, Math.round((Math.log(Math.max(ms, shortestMs)) - Math.log(shortestMs)) / width))
}

/** The value below which half of the counted ones lie. */
function middle(counted: [number, number][]): number {
  const sorted = counted.sort(([a], [b]) => a - b)
  const half = sorted.reduce((total, [, count]) => total + count, 0) / 2
  let seen = 0
  for (const [value, count] of sorted) {
    seen += count
    if (seen >= half) return value
  }
  return sorted.at(-1)?.[0] ?? 0
}

function sum(days: readonly Day[]): number {
  return days.reduce((total, { counts }) => total + Object.values(counts).reduce((all, count) => all + count, 0), 0)
}
