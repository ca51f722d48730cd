// The report as one HTML page that needs nothing else: no script, no outside asset, below 500 kB, the same bytes for the
// same report.
import { formatDuration } from '../core/units.ts'
import { trafficChart } from './chart.ts'
import { citedFirst, citedIn } from './cited.ts'
import { fitting, markup, type Markup } from './markup.ts'
import { moveSection } from './move-section.ts'
import { duration, more, pauseSection } from './pause-section.ts'
import { referencesTo, type References } from './references.ts'
import type { Figure, Report } from './schema.ts'
import { style } from './style.ts'
import { count, moment } from './wording.ts'

const journalCharacters = 110_000
const movesCharacters = 150_000

export function htmlOf(report: Report): string {
  const journal = journalRows(report)
  const refs = referencesTo(new Set(journal.seqs))
  const sections = report.moves.map((move) => moveSection(move, refs))
  const moves = fitting(sections, movesCharacters)
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${report.project}: migration report</title><style>${style}</style></head>
<body><main>
<header><p class="kind">Migration report</p><h1>${report.project}</h1><p class="lead">${report.summary}</p>
<p class="soft">${period(report)}</p></header>
${figures(report, refs)}
${overview(report)}
${pauseSection(report, refs)}
${moves}${more(sections.length - moves.length, 'in the JSON of this report')}
${report.notMeasured.length === 0 ? null : markup`<section><h2>Not measured</h2><ul>${report.notMeasured.slice(0, 50).map((text) => markup`<li>${text}</li>`)}</ul></section>`}
${journal.section}
<footer><small>Every number in small grey type is a record of the journal above. Times are UTC. ${report.plan === null ? '' : `Plan ${report.plan}. `}Format ${report.schema}.</small></footer>
</main></body></html>
`
  return page.markup
}

function period({ from, to, moves }: Report): string {
  const names = moves.map(({ name }) => name)
  const listed = names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', ')
  return from === null || to === null ? 'The journal is empty.' : `${moment(from)} to ${moment(to)} UTC · ${listed}`
}

function figures({ figures: all }: Report, refs: References): Markup {
  const { requests, failed, retried, longestPauseMs, lostWrites, pauseMs, forecastPauseMs } = all
  const number = ({ value }: Figure, write: (value: number) => string = count) => (value === null ? '–' : write(value))
  const forecast = forecastPauseMs.value === null ? 'no forecast' : `forecast ${duration(forecastPauseMs.value)}`
  const cell = (title: string, text: string, note: Markup | string, bad = false) =>
    markup`<div><dt>${title}</dt><dd><span class="number${bad ? ' bad' : ''}">${text}</span><br><small>${note}</small></dd></div>
`
  return markup`<dl class="figures">
${cell('Requests of clients', number(requests), requests.value === null ? 'not measured' : 'measured from outside')}
${cell('Failed', number(failed), failed.value === null ? 'not measured' : `${number(retried)} retried once and answered`, (failed.value ?? 0) > 0)}
${cell('Acknowledged writes lost', number(lostWrites), lostWrites.value === null ? 'not compared' : 'every write compared afterwards', (lostWrites.value ?? 0) > 0)}
${cell('Longest wait of one request', number(longestPauseMs, formatDuration), longestPauseMs.value === null ? 'not measured' : 'measured from outside')}
${cell('Longest pause of a switch', number(pauseMs, formatDuration), markup`first hold to last release ${refs(pauseMs.seqs)}`)}
${cell('Forecast of that pause', number(forecastPauseMs, formatDuration), forecastPauseMs.value === null ? forecast : markup`told before clients were held ${refs(forecastPauseMs.seqs)}`)}
</dl>`
}

function overview({ traffic, pauses, moves }: Report): Markup | null {
  if (!traffic) return null
  const bands = pauses.flatMap(({ from, to }, index) => (to === null ? [] : [{ from, to, label: String(index + 1) }]))
  const inside = bands.filter(({ from, to }) => to >= traffic.from && from <= traffic.to)
  const switches = moves.flatMap(({ names }) => names.map(({ at }) => at))
  const rows = traffic.answered.slice(0, 60)
  return markup`<section><h2>What clients saw</h2>
<figure><figcaption><b>All requests.</b> Answered by <i class="key source"></i>the old side <i class="key target"></i>the new side <i class="key failed"></i>failed <i class="key held"></i>clients held, with the number of the pause <i class="key dns"></i>names switched</figcaption>
${trafficChart(traffic.overview, { bands: inside, switches, zero: null, title: 'Requests over time by the side that answered' })}</figure>
<div class="scroll"><table><thead><tr><th>Name asked</th><th>Answered by</th><th>Side</th><th class="n">Requests</th><th class="n">Failed</th><th>First (UTC)</th><th>Last (UTC)</th></tr></thead><tbody>
${rows.map(
  (
    row,
  ) => markup`<tr><td>${row.name}</td><td><code>${row.address}</code></td><td>${{ source: 'old', target: 'new', other: 'not of this plan' }[row.side]}</td><td class="n">${count(row.requests)}</td><td class="n">${count(row.failed)}</td><td class="t">${moment(row.first)}</td><td class="t">${moment(row.last)}</td></tr>
`,
)}</tbody></table></div>${more(traffic.answered.length - rows.length, 'in the JSON of this report')}</section>`
}

/** As many records as have room, the cited ones first, shown in the order of the journal. */
function journalRows(report: Report): { readonly section: Markup; readonly seqs: readonly number[] } {
  const { count: total, records } = report.journal
  const rows = citedFirst(records, citedIn({ ...report, journal: null })).map((record) => ({ seq: record.seq, row: journalRow(record) }))
  const room = new Set(
    fitting(
      rows.map(({ row }) => row),
      journalCharacters,
    ),
  )
  const shown = rows.filter(({ row }) => room.has(row)).toSorted((a, b) => a.seq - b.seq)
  const section = markup`<section><h2>Journal</h2><p class="soft">${count(shown.length)} of ${count(total)} records.</p>
${headList(report)}
<div class="scroll"><table><thead><tr><th class="n">Record</th><th>At (UTC)</th><th>Move</th><th class="n">Run</th><th>Step</th><th>State</th><th>Text</th></tr></thead><tbody>
${shown.map(({ row }) => row)}</tbody></table></div></section>`
  return { section, seqs: shown.map(({ seq }) => seq) }
}

/** With these on paper nobody can rewrite the journal unnoticed. */
function headList({ journal: { heads } }: Report): Markup | null {
  if (heads.length === 0) return null
  const shown = heads.slice(0, 100).map(({ move, seq, hash }) => markup`<li>${move}, up to record ${seq}: <code>${hash}</code></li>`)
  return markup`<p>The last hash of each move's chain, over all of its records; <code>lifeboat report --verify</code> compares:</p><ul>${shown}</ul>${more(heads.length - shown.length, 'in the JSON of this report')}`
}

function journalRow({ seq, at, move, run, step, state, text }: Report['journal']['records'][number]): Markup {
  return markup`<tr id="r${seq}"><td class="n">${seq}</td><td class="t">${moment(at)}</td><td>${move}</td><td class="n">${run}</td><td>${step}</td><td>${state}</td><td>${text.slice(0, 240)}</td></tr>
`
}
