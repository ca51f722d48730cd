// The pauses, each with its forecast, what went on in it and what clients saw.
import { formatDuration } from '../core/units.ts'
import { forecastBar, pauseChart, trafficChart } from './chart.ts'
import { fitting, markup, type Markup } from './markup.ts'
import type { References } from './references.ts'
import type { Pause, Report } from './schema.ts'
import { moment } from './wording.ts'

const mostRows = 60
const mostCharts = 12
const outcomes = { switched: 'switched', undone: 'undone', open: 'no end recorded' } as const

export function pauseSection({ pauses, traffic, moves }: Report, refs: References): Markup | null {
  if (pauses.length === 0) return null
  const most = Math.max(...pauses.flatMap(({ forecastMs, ms }) => [forecastMs ?? 0, ms ?? 0]))
  const shown = pauses.slice(0, mostRows)
  const known = [...pauses.keys()].filter((index) => (pauses[index]?.parts.length ?? 0) > 0)
  const charts = known.slice(0, mostCharts).map((index) => {
    const pause = pauses[index] as Pause
    const close = traffic?.close.find((each) => each.pause === index)?.series ?? null
    const switches = moves.filter(({ name }) => name === pause.move).flatMap(({ names }) => names.map(({ at }) => at))
    return pauseFigure(pause, index + 1, close, switches)
  })
  const budgets = pauses.some(({ budgetMs }) => budgetMs !== null)
  const drawn = fitting(charts, 150_000)
  return markup`<section><h2>Pauses</h2>
<p>A pause lasts from the moment new connections are held to the moment they are answered by the other side. Connections wait in it; they are not refused.</p>
<div class="scroll"><table><thead><tr><th class="n">No.</th><th>Move</th><th>Way</th><th>Began (UTC)</th><th>Forecast (outline) and actual</th><th class="n">Forecast</th><th class="n">Actual</th>${budgets ? markup`<th class="n">Budget</th>` : null}<th>Worst step</th><th>Outcome</th><th>Records</th></tr></thead><tbody>
${shown.map((pause, index) => pauseRow(pause, index + 1, { most, budgets }, refs))}</tbody></table></div>
${more(pauses.length - shown.length, 'in the JSON of this report')}
${drawn}${more(known.length - drawn.length, 'not drawn; the steps stand in the runs below')}</section>`
}

type Columns = { readonly most: number; readonly budgets: boolean }

function pauseRow(
  { move, direction, from, forecastMs, ms, outcome, budgetMs, seqs, worstStep, parts }: Pause,
  number: number,
  { most, budgets }: Columns,
  refs: References,
): Markup {
  return markup`<tr><td class="n">${number}</td><td class="t">${move}</td><td>${direction}</td><td class="t">${moment(from)}</td><td class="wide">${forecastBar(forecastMs, ms, most)}</td><td class="n">${duration(forecastMs)}</td><td class="n"><b>${duration(ms)}</b></td>${budgets ? markup`<td class="n">${duration(budgetMs)}</td>` : null}<td class="t">${worst(parts, worstStep)}</td><td>${outcomes[outcome]}</td><td>${refs(seqs)}</td></tr>
`
}

/** Where the forecast failed most, with both figures. */
function worst(parts: Pause['parts'], step: string | null): string {
  const part = parts.find((each) => each.step === step)
  if (part === undefined) return 'not known'
  return part.forecastMs === null ? `${part.title}: ${duration(part.ms)}` : `${part.title}: ${duration(part.ms)}, forecast ${duration(part.forecastMs)}`
}

function pauseFigure(pause: Pause, number: number, close: NonNullable<Report['traffic']>['overview'] | null, switches: readonly string[]): Markup {
  const { move, direction, from, to, ms } = pause
  const title = `Requests around the pause of ${move}, ${direction}`
  const bands = to === null ? [] : [{ from, to, label: `held ${duration(ms)}` }]
  return markup`<figure><figcaption><b>${number}. ${move}, ${direction}.</b> ${close ? 'Requests of its clients around the pause; 0 is the moment the hold began. Below, the steps of the pause.' : 'The steps of the pause.'}</figcaption>
${close && trafficChart(close, { bands, switches, zero: from, title })}
${pauseChart(pause)}</figure>`
}

export function duration(ms: number | null): string {
  return ms === null ? 'not known' : formatDuration(ms)
}

export function more(amount: number, text: string): Markup | null {
  return amount > 0 ? markup`<p class="soft">${amount} more ${text}.</p>` : null
}
