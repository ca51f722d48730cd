// The incident report as one HTML page that needs nothing else: no script, no outside asset, the same bytes for the same report.
import { formatDuration } from '../../core/units.ts'
import { markup, type Markup } from '../markup.ts'
import { style } from '../style.ts'
import { count, moment } from '../wording.ts'
import { heatMap } from './heat-map.ts'
import type { IncidentReport } from './schema.ts'

export function incidentHtml(report: IncidentReport): string {
  return document(
    `${report.project}: ${report.kind} ${report.incident}`,
    markup`<header><p class="kind">${report.kind === 'drill' ? 'Drill report' : 'Incident report'}</p><h1>${report.target}, ${report.incident}</h1><p class="lead">${report.summary}</p></header>
${timeline(report)}${ladders(report)}${decision(report)}${hypotheses(report)}${provider(report)}${list('Not known', report.notKnown)}${list('Actions', report.actions)}${evidence(report)}
<footer><small>Numbers in small grey type are records of the evidence log below. Times are UTC, and exact to ${formatDuration(report.uncertaintyMs)}. Format ${report.schema}.</small></footer>`,
  )
}

export function document(title: string, body: Markup): string {
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${title}</title><style>${style}</style></head>
<body><main>
${body}
</main></body></html>
`.markup
}

function refs(seqs: readonly number[]): Markup | null {
  if (seqs.length === 0) return null
  return markup` <span class="refs">${seqs.map((seq) => markup`<a href="#e${seq}">${seq}</a> `)}</span>`
}

function span(ms: number | null): string {
  return ms === null ? 'not known' : formatDuration(ms)
}

function timeline({ points, durations, lastGood, goals, lostWrites }: IncidentReport): Markup {
  const goal = goals.recoverySeconds === null ? null : markup`<p>Recovery was to take ${formatDuration(goals.recoverySeconds * 1000)} at most.</p>`
  return markup`<section><h2>Timeline</h2>
<table><thead><tr><th>Point</th><th>What</th><th>At (UTC)</th></tr></thead><tbody>
${lastGood === null ? null : markup`<tr><td></td><td>last good look before it${refs(lastGood.seqs)}</td><td class="t">${moment(lastGood.at)}</td></tr>`}
${points.map(
  ({ point, name, at, seqs }) => markup`<tr><td>${point}</td><td>${name}${refs(seqs)}</td><td class="t">${at === null ? 'not known' : moment(at)}</td></tr>
`,
)}</tbody></table>
<table><thead><tr><th>Took</th><th>From</th><th>To</th><th class="n">Time</th></tr></thead><tbody>
${durations.map(
  ({ name, from, to, ms }) => markup`<tr><td>${name}</td><td>${from}</td><td>${to}</td><td class="n">${span(ms)}</td></tr>
`,
)}</tbody></table>${goal}
<p>Acknowledged writes lost: ${lostWrites === null ? 'not known' : count(lostWrites)}.</p></section>
`
}

function ladders({ ladder, points }: IncidentReport): Markup | null {
  if (ladder === null) return null
  return markup`<section><h2>What observers saw</h2>
${ladder.observers.map(
  (
    each,
  ) => markup`<figure><figcaption><b>${each.observer}.</b> A cell is ${formatDuration(ladder.bucketMs)}: <i class="key other"></i>well <i class="key source"></i>some looks bad <i class="key failed"></i>all bad; empty: not tried</figcaption>
${heatMap(ladder, each, points)}</figure>`,
)}</section>
`
}

function decision({ decision: made }: IncidentReport): Markup | null {
  if (made === null) return null
  return markup`<section><h2>Decision</h2><p>${moment(made.at)} UTC: ${made.act}${made.by === null ? '' : `, by ${made.by}`}; the verdict was ${made.verdict}.</p>
<table><thead><tr><th>Observer</th><th>Failure domain</th><th>Said</th><th>Vote</th></tr></thead><tbody>
${made.votes.map(
  ({
    observer,
    failureDomain,
    verdict,
    noVote,
  }) => markup`<tr><td>${observer}</td><td>${failureDomain}</td><td>${verdict}</td><td>${noVote ?? 'counted'}</td></tr>
`,
)}</tbody></table>
<table><thead><tr><th>Guard</th><th></th><th>What it said</th></tr></thead><tbody>
${made.guards.map(
  ({ code, severity, text }) => markup`<tr><td>${code}</td><td>${severity === 'ok' ? 'open' : 'refused'}</td><td>${text}</td></tr>
`,
)}</tbody></table></section>
`
}

function hypotheses({ consistentWith }: IncidentReport): Markup | null {
  if (consistentWith.length === 0) return null
  return markup`<section><h2>Consistent with</h2><p class="soft">What was seen fits these, the closest first. None of them is proven by it.</p><ul>
${consistentWith.map(
  (each) => markup`<li>${each.text}; for it${refs(each.for)}${each.against.length === 0 ? ', against it nothing' : ', against it'}${refs(each.against)}</li>
`,
)}</ul></section>
`
}

function provider({ provider: name, said, score }: IncidentReport): Markup {
  const rows = said.map(
    ({
      at,
      claimedAt,
      status,
      impact,
      title,
      body,
      seqs,
    }) => markup`<tr><td class="t">${moment(at)}${refs(seqs)}</td><td class="t">${claimedAt === null ? '' : moment(claimedAt)}</td><td>${status} ${impact}</td><td>${[title, body].filter(Boolean).join(': ').slice(0, 1000)}</td></tr>
`,
  )
  const scored =
    score === null
      ? null
      : markup`<table><thead><tr><th>By our clock, from impact</th><th class="n">Time</th></tr></thead><tbody>
<tr><td>acknowledged${refs(score.acknowledge.seqs)}</td><td class="n">${score.acknowledge.ms === null ? 'never' : formatDuration(score.acknowledge.ms)}</td></tr>
<tr><td>called it over${refs(score.restoreSaid.seqs)}</td><td class="n">${score.restoreSaid.ms === null ? 'never' : formatDuration(score.restoreSaid.ms)}</td></tr>
<tr><td>was over, by our samples</td><td class="n">${span(score.restoreSeen.ms)}</td></tr>
<tr><td>explained (what, why, steps)${refs(score.explain.seqs)}</td><td class="n">${score.explain.ms === null ? 'never' : formatDuration(score.explain.ms)}</td></tr>
</tbody></table><ul>${score.contradictions.map(({ text, seqs }) => markup`<li>${text}${refs(seqs)}</li>`)}${score.edits.map(({ at, act, incident, seqs }) => markup`<li>${moment(at)} UTC: a post about ${incident} was ${act}.${refs(seqs)}</li>`)}</ul>`
  return markup`<section><h2>What ${name} said</h2>${rows.length === 0 ? markup`<p>Nothing that we saw.</p>` : markup`<table><thead><tr><th>First seen (UTC)</th><th>Says it is of</th><th>Status</th><th>Words</th></tr></thead><tbody>${rows}</tbody></table>`}${scored}</section>
`
}

function list(title: string, texts: readonly string[]): Markup | null {
  return texts.length === 0
    ? null
    : markup`<section><h2>${title}</h2><ul>${texts.map((text) => markup`<li>${text}</li>`)}</ul></section>
`
}

function evidence({ evidence: { count: all, head, records } }: IncidentReport): Markup {
  return markup`<section><h2>Evidence</h2><p class="soft">${count(records.length)} of ${count(all)} records: those that something above rests on.${head === null ? null : markup` The last one has the number ${head.seq} and the hash <code>${head.hash}</code>.`}</p>
<table><thead><tr><th class="n">Record</th><th>At (UTC)</th><th>Text</th><th>Hash</th></tr></thead><tbody>
${records.map(
  ({
    seq,
    at,
    text,
    hash,
  }) => markup`<tr id="e${seq}"><td class="n">${seq}</td><td class="t">${moment(at)}</td><td>${text.slice(0, 240)}</td><td><code>${hash}</code></td></tr>
`,
)}</tbody></table></section>
`
}
