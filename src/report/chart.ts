// Charts as SVG: no script, no outside asset. Colours come from the style sheet, so that dark mode and print are its
// business; source, target and failed differ in lightness, so that a grey print can be read.
import { formatDuration } from '../core/units.ts'
import { markup, type Markup } from './markup.ts'
import { logPercent, offset, px, roundUp, timeStep } from './scale.ts'
import type { Pause, Series } from './schema.ts'
import { clock, count } from './wording.ts'

const width = 920
const left = 52
const right = 10
const inner = width - left - right

export type Marks = {
  readonly bands: readonly { readonly from: string; readonly to: string; readonly label: string }[]
  /** When names were pointed elsewhere. */
  readonly switches: readonly string[]
  /** The zero of the axis; null: it shows the time of day. */
  readonly zero: string | null
  readonly title: string
}

/** Requests over time by who answered, and below the slowest of each bucket. */
export function trafficChart(series: Series, { bands, switches, zero, title }: Marks): Markup {
  const start = Date.parse(series.from)
  const length = series.buckets.length * series.bucketMs
  const x = (at: string | number) => left + ((typeof at === 'number' ? at : Date.parse(at) - start) / length) * inner
  const most = roundUp(Math.max(...series.buckets.map((bucket) => bucket.source + bucket.target + bucket.other + bucket.failed), 1))
  const slowest = roundUp(Math.max(...series.buckets.map(({ slowestMs }) => slowestMs), 1))
  return markup`<svg class="chart" viewBox="0 -8 ${width} 254" role="img" aria-label="${title}">
${bands.map(({ from, to }) => markup`<rect class="band" x="${px(x(from))}" y="24" width="${px(Math.max(2, x(to) - x(from)))}" height="196"/>`)}
${bandLabels(bands.map(({ from, to, label }) => ({ at: (x(from) + x(to)) / 2, label })))}
${panel(24, 104, `${count(most)}`, `requests in ${formatDuration(series.bucketMs)}`)}
${stacked(series, most)}
${panel(152, 68, formatDuration(slowest), 'slowest answer')}
${bars(series, 'slowest', 220, 68 / slowest, ({ slowestMs }) => [0, slowestMs])}
${switches.filter((at) => x(at) >= left && x(at) <= width - right).map((at) => markup`<path class="names" d="M${px(x(at))} 24V220"/>`)}
${timeAxis(start, length, zero, x)}
</svg>`
}

/** What went on while clients waited, each step where it began; the forecast as a line. */
export function pauseChart({ parts, ms, forecastMs, move, direction }: Pause): Markup {
  const labels = 230
  const end = Math.max(ms ?? 0, forecastMs ?? 0, 1)
  const x = (at: number) => labels + (at / (end * 1.12)) * (width - labels - right)
  const bottom = 14 + parts.length * 20
  const step = timeStep(end, 8)
  const ticks = Array.from({ length: Math.floor((end * 1.1) / step) + 1 }, (_, index) => index * step)
  return markup`<svg class="chart" viewBox="0 0 ${width} ${bottom + 22}" role="img" aria-label="Steps of the pause of ${move}, ${direction}">
${ticks.map((at) => markup`<path class="grid" d="M${px(x(at))} 10V${bottom}"/><text class="tick" x="${px(x(at))}" y="${bottom + 15}">${at === 0 ? '0' : formatDuration(at)}</text>`)}
${parts.map(({ title, fromMs, ms: of }, index) => {
  const y = 14 + index * 20
  const wide = Math.max(1.5, x(fromMs + of) - x(fromMs))
  return markup`<text class="row" x="${labels - 10}" y="${y + 12}">${title}</text><rect class="part" x="${px(x(fromMs))}" y="${y + 2}" width="${px(wide)}" height="13"/><text class="value" x="${px(x(fromMs) + wide + 5)}" y="${y + 12}">${formatDuration(of)}</text>`
})}
${forecastMs === null ? null : markup`<path class="forecast" d="M${px(x(forecastMs))} 10V${bottom}"/><text class="tick end" x="${px(x(forecastMs) - 4)}" y="8">forecast ${formatDuration(forecastMs)}</text>`}
</svg>`
}

/** The duration of one step on a logarithmic axis that all rows share. */
export function stepBar(ms: number | null): Markup {
  const ticks = [100, 1000, 10_000, 60_000, 3_600_000].map((at) => markup`<path class="grid" d="M${px(logPercent(at))} 0V10"/>`)
  const bar = ms === null ? null : markup`<rect class="part" y="2" width="${px(logPercent(ms))}" height="6"/>`
  return markup`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">${ticks}${bar}</svg>`
}

/** Forecast as an outline, what it was as a filled bar, on one scale for all rows. */
export function forecastBar(forecastMs: number | null, ms: number | null, mostMs: number): Markup {
  const wide = (value: number) => px(Math.max(0.8, (value / Math.max(mostMs, 1)) * 100))
  return markup`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">${
    forecastMs === null ? null : markup`<rect class="outline" y="0.5" width="${wide(forecastMs)}" height="9"/>`
  }${ms === null ? null : markup`<rect class="part" y="3" width="${wide(ms)}" height="4"/>`}</svg>`
}

function stacked(series: Series, most: number): Markup[] {
  const scale = 104 / most
  return [
    bars(series, 'source', 128, scale, ({ source }) => [0, source]),
    bars(series, 'target', 128, scale, ({ source, target }) => [source, target]),
    bars(series, 'other', 128, scale, ({ source, target, other }) => [source + target, other]),
    bars(series, 'failed', 128, scale, ({ source, target, other, failed }) => [source + target + other, failed]),
  ]
}

/** One path for all bars of a kind: `span` gives foot and height of each. A failure is tall enough to be seen among thousands. */
function bars(
  { buckets }: Series,
  kind: string,
  bottom: number,
  scale: number,
  span: (bucket: Series['buckets'][number]) => readonly [number, number],
): Markup {
  const step = inner / buckets.length
  const wide = px(Math.max(0.6, step * 0.82))
  const path = buckets.map((bucket, index) => {
    const [foot, height] = span(bucket)
    if (height === 0) return ''
    const tall = Math.max(kind === 'failed' ? 5 : 0.8, height * scale)
    return `M${px(left + index * step)} ${px(bottom - foot * scale)}v-${px(tall)}h${wide}v${px(tall)}z`
  })
  return markup`<path class="${kind}" d="${path.join('')}"/>`
}

function panel(top: number, height: number, most: string, title: string): Markup {
  const bottom = top + height
  return markup`<path class="grid" d="M${left} ${top}H${width - right}M${left} ${top + height / 2}H${width - right}"/><path class="axis" d="M${left} ${bottom}H${width - right}"/>
<text class="row" x="${left - 6}" y="${top + 4}">${most}</text><text class="row" x="${left - 6}" y="${bottom + 4}">0</text><text class="title" x="${left}" y="${top - 7}">${title}</text>`
}

function timeAxis(start: number, length: number, zero: string | null, x: (at: number) => number): Markup[] {
  const origin = zero === null ? 0 : Date.parse(zero)
  const step = timeStep(length, 9)
  const first = Math.ceil((start - origin) / step) * step
  const ticks = Array.from({ length: Math.floor((start + length - origin - first) / step) + 1 }, (_, index) => first + index * step)
  return ticks.map((at) => {
    const label = zero === null ? timeOfDay(at, step) : offset(at)
    return markup`<path class="axis" d="M${px(x(at + origin - start))} 220v4"/><text class="tick" x="${px(Math.min(x(at + origin - start), width - 22))}" y="237">${label}</text>`
  })
}

function timeOfDay(ms: number, step: number): string {
  const at = new Date(ms).toISOString()
  if (step >= 86_400_000) return at.slice(5, 10)
  return step >= 60_000 ? clock(at).slice(0, 5) : clock(at)
}

/** Labels over bands, in two rows where they are close; one that has no room in either is left out. */
function bandLabels(labels: readonly { readonly at: number; readonly label: string }[]): Markup[] {
  const free = [150, 150]
  return labels.flatMap(({ at, label }) => {
    const half = label.length * 3.2 + 4
    const row = free.findIndex((from) => at - half >= from)
    if (row === -1) return []
    free[row] = at + half
    return [markup`<text class="tick strong" x="${px(Math.min(at, width - right - half))}" y="${row === 0 ? 18 : 7}">${label}</text>`]
  })
}
