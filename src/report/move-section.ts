// One move: from where to where, its runs with their steps, names, checks, stragglers, the price of going back.
import { formatBytes, formatDuration, formatMoney } from '../core/units.ts'
import { titleOf } from '../core/runbook.ts'
import { stepBar } from './chart.ts'
import { fitting, markup, type Markup } from './markup.ts'
import { duration, more } from './pause-section.ts'
import type { References } from './references.ts'
import type { Attempt, ReportedMove, ReportedRun, ReportedStep } from './schema.ts'
import { clock, count, moment } from './wording.ts'

const mostAttempts = 12
const runOutcomes = { switched: 'switched', 'went-back': 'gone back', undone: 'undone', failed: 'failed', open: 'not ended' } as const
const outcomes = { done: 'done', failed: 'failed', undone: 'undone', interrupted: 'interrupted', open: 'no end recorded' } as const

export function moveSection(move: ReportedMove, refs: References): Markup {
  return markup`<section><h2>${move.name}</h2>
${way(move)}
${facts(move, refs)}
${approvals(move, refs)}
${names(move, refs)}
${rollbacks(move, refs)}
${checks(move, refs)}
${move.runs.length === 0 ? null : markup`<p class="soft">The bars below are logarithmic; their lines stand at 0.1 s, 1 s, 10 s, 1 min and 1 h.</p>`}
${move.runs.map((run) => runTable(run, refs))}</section>`
}

function way({ from, to }: ReportedMove): Markup | null {
  if (!from || !to) return null
  const cost = to.monthlyCost ? `, ${formatMoney(to.monthlyCost)} a month` : ''
  return markup`<p>From <b>${from.name}</b> at ${from.provider} (<code>${from.address}</code>) to <b>${to.size}</b> at ${to.provider} (<code>${to.address ?? 'address not known'}</code>)${cost}.</p>`
}

function facts({ copied, stragglers, timeToLive, caches, drift }: ReportedMove, refs: References): Markup {
  const copy = copied && markup`<li>${formatBytes(copied.bytes)} in ${count(copied.files)} files were copied, all passes together. ${refs(copied.seqs)}</li>`
  const late =
    stragglers.value !== null &&
    markup`<li>${count(stragglers.value)} connections came to the old address after the switch and were forwarded. ${refs(stragglers.seqs)}</li>`
  const ttl = timeToLive
    .slice(0, 20)
    .map(
      (each) =>
        markup`<li>Time to live of <code>${each.name}</code>: ${each.beforeSeconds} s before, ${each.afterSeconds} s from ${moment(each.at)} on. ${refs(each.seqs)}</li>`,
    )
  const stale = caches
    .slice(0, 20)
    .map((each) => markup`<li>${moment(each.at)}: ${each.stale} of ${each.asked} answers of caches told the old address. ${refs(each.seqs)}</li>`)
  const changed = drift.slice(0, 20).map(({ at, changed: found, seqs }) => {
    const told =
      found.length === 0 ? 'every name is as the switch left it' : markup`<b>names are not as the switch left them:</b> ${found.join(' ').slice(0, 800)}`
    return markup`<li>${moment(at)}: ${told}. ${refs(seqs)}</li>`
  })
  return markup`<ul>${copy}${late || null}${ttl}${stale}${changed}</ul>`
}

function approvals({ approvals: all }: ReportedMove, refs: References): Markup | null {
  if (all.length === 0) return null
  return markup`<h3>Approvals</h3><div class="scroll"><table><thead><tr><th class="n">Run</th><th>Given (UTC)</th><th>Used (UTC)</th><th>By</th><th>How</th><th>For the plan</th><th>Records</th></tr></thead><tbody>
${all.slice(0, 40).map(({ run, at, usedAt, who, how, digest, plan, seqs }) => {
  const named = digest === null ? '' : ', named with it'
  return markup`<tr><td class="n">${run}</td><td class="t">${moment(at)}</td><td class="t">${moment(usedAt)}</td><td>${who ?? 'not known'}</td><td><code>${how}</code></td><td><code>${plan ?? 'not known'}</code>${named}</td><td>${refs(seqs)}</td></tr>
`
})}</tbody></table></div>${more(all.length - 40, 'in the JSON of this report')}`
}

function names({ names: all }: ReportedMove, refs: References): Markup | null {
  if (all.length === 0) return null
  return markup`<h3>Names</h3><div class="scroll"><table><thead><tr><th>Name</th><th class="n">Run</th><th>Read back (UTC)</th><th>Before</th><th>After</th><th class="n">Agreed after</th><th>Records</th></tr></thead><tbody>
${all.map(
  (
    each,
  ) => markup`<tr><td>${each.name}</td><td class="n">${each.run}</td><td class="t">${moment(each.at)}</td><td><code>${each.before}</code></td><td><code>${each.after}</code></td><td class="n">${each.tookMs === null ? '' : formatDuration(each.tookMs)}</td><td>${refs(each.seqs)}</td></tr>
`,
)}</tbody></table></div>`
}

function rollbacks({ rollbacks: all }: ReportedMove, refs: References): Markup | null {
  if (all.length === 0) return null
  return markup`<h3>Going back</h3><div class="scroll"><table><thead><tr><th>When</th><th class="n">Price told</th><th class="n">Writes lost, told</th><th class="n">Actual</th><th>Why</th><th>Records</th></tr></thead><tbody>
${all.map(({ price, run, actualSeconds, seqs }) => {
  const seconds = price === null ? 'not told' : price.possible ? duration(price.seconds === null ? null : price.seconds * 1000) : 'impossible'
  const lost = price === null ? 'not told' : price.writesLost === null ? 'not known' : count(price.writesLost)
  const actual = run === null ? 'not done' : markup`<b>${duration(actualSeconds === null ? null : actualSeconds * 1000)}</b>`
  return markup`<tr><td>${run === null ? 'now' : `run ${run}`}</td><td class="n">${seconds}</td><td class="n">${lost}</td><td class="n">${actual}</td><td>${price?.why ?? ''}</td><td>${refs(seqs)}</td></tr>
`
})}</tbody></table></div>`
}

function checks({ checks: all }: ReportedMove, refs: References): Markup | null {
  if (all.length === 0) return null
  const shown = all.slice(0, 40)
  return markup`<h3>Checks</h3><div class="scroll"><table><thead><tr><th>Check</th><th class="n">Run</th><th>In</th><th class="n">Took</th><th>Result</th><th>Records</th></tr></thead><tbody>
${shown.map(
  ({
    text,
    run,
    step,
    ms,
    passed,
    said,
    seqs,
  }) => markup`<tr><td>${text}</td><td class="n">${run}</td><td>${titleOf(step)}</td><td class="n">${ms === null ? '' : formatDuration(ms)}</td><td>${passed ? 'passed' : markup`<b>failed</b>: ${said.slice(0, 160)}`}</td><td>${refs(seqs)}</td></tr>
`,
)}</tbody></table></div>${more(all.length - shown.length, 'in the JSON of this report')}`
}

function runTable({ run, plan, by, outcome, startedAt, endedAt, steps }: ReportedRun, refs: References): Markup {
  const rows = fitting(
    steps.flatMap((step) => stepRows(step, refs)),
    80_000,
  )
  return markup`<h3>Run ${run}: ${runOutcomes[outcome]}</h3>
<p class="soft">${moment(startedAt)} to ${moment(endedAt)} UTC${by === null ? '' : `, begun by ${by}`}${plan === null ? '' : `, plan ${plan}`}</p>
<div class="scroll"><table><thead><tr><th>Step</th><th>Began (UTC)</th><th>Duration</th><th class="n"></th><th>Result</th><th>Records</th></tr></thead><tbody>
${rows}</tbody></table></div>`
}

function stepRows({ step, title, outcome, ms, attempts }: ReportedStep, refs: References): Markup[] {
  const [first] = attempts
  const several = attempts.length > 1
  const seqs = several ? attempts.flatMap((attempt) => attempt.seqs.slice(-1)) : (first?.seqs ?? [])
  const result = several ? `${outcomes[outcome]}, ${attempts.length} attempts` : outcomes[outcome]
  const row = markup`<tr><td title="${step}">${title}</td><td class="t">${clock(first?.startedAt ?? '')}</td><td class="wide">${stepBar(ms)}</td><td class="n">${ms === null ? '' : formatDuration(ms)}</td><td>${result}</td><td>${refs(seqs)}</td></tr>
`
  if (!several) return [row]
  const shown = attempts.length <= mostAttempts ? attempts : attempts.slice(-mostAttempts)
  return [row, ...shown.map((attempt) => attemptRow(attempt, attempts.indexOf(attempt) + 1, refs))]
}

function attemptRow({ startedAt, ms, outcome, text, seqs }: Attempt, number: number, refs: References): Markup {
  return markup`<tr class="attempt"><td>attempt ${number}</td><td class="t">${clock(startedAt)}</td><td>${text.slice(0, 160)}</td><td class="n">${ms === null ? '' : formatDuration(ms)}</td><td>${outcomes[outcome]}</td><td>${refs(seqs)}</td></tr>
`
}
