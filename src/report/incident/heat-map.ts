// The ladder of one observer over time: a row for each rung, the darker the worse, so that a grey print can be read.
import { px } from '../scale.ts'
import { markup, type Markup } from '../markup.ts'
import type { IncidentReport } from './schema.ts'

type Ladder = NonNullable<IncidentReport['ladder']>

const width = 920
const left = 60
const rowHeight = 16
const kinds: Readonly<Record<string, string>> = { o: 'other', s: 'source', b: 'failed' }

/** `marks`: the clock points, as lines. */
export function heatMap(
  { from, bucketMs }: Ladder,
  { observer, rungs }: Ladder['observers'][number],
  marks: readonly { readonly point: string; readonly at: string | null }[],
): Markup {
  const buckets = rungs[0]?.cells.length ?? 0
  const wide = (width - left) / Math.max(buckets, 1)
  const bottom = 14 + rungs.length * rowHeight
  const x = (at: string): number => left + ((Date.parse(at) - Date.parse(from)) / bucketMs) * wide
  const lines = marks.flatMap(({ point, at }) => (at !== null && x(at) >= left && x(at) <= width ? [{ point, at: x(at) }] : []))
  return markup`<svg class="chart" viewBox="0 0 ${width} ${bottom + 4}" role="img" aria-label="What ${observer} saw, rung by rung">
${rungs.map(({ rung, cells }, row) => {
  const y = 14 + row * rowHeight
  return markup`<text class="row" x="${left - 6}" y="${y + 11}">${rung}</text>${stretches(cells).map(
    ({ kind, at, length }) => markup`<rect class="${kind}" x="${px(left + at * wide)}" y="${y}" width="${px(length * wide)}" height="${rowHeight - 2}"/>`,
  )}`
})}
${lines.map(({ point, at }) => markup`<path class="names" d="M${px(at)} 12V${bottom}"/><text class="tick strong" x="${px(at)}" y="9">${point}</text>`)}
</svg>
`
}

/** Buckets side by side that are alike, as one. */
function stretches(cells: string): readonly { readonly kind: string; readonly at: number; readonly length: number }[] {
  return [...cells.matchAll(/([osb])\1*/g)].map((found) => ({ kind: kinds[found[1] ?? ''] ?? '', at: found.index, length: found[0].length }))
}
