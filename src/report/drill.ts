// The report of a drill as one HTML page that needs nothing else, the same bytes for the same card.
import type { DrillCard, DrillCheck } from '../core/drill.ts'
import { formatDuration } from '../core/units.ts'
import { document } from './incident/page.ts'
import { markup, type Markup } from './markup.ts'
import { moment } from './wording.ts'

export function drillHtml(card: DrillCard, project: string): string {
  const { move, level, at, plan, passed, schema } = card
  return document(
    `${project}: drill ${level} of ${move}`,
    markup`<header><p class="kind">Drill report</p><h1>${move}, ${level}, ${moment(at)} UTC</h1><p class="lead">${passed ? 'It passed.' : 'It did not pass.'} ${counts(card)}</p></header>
<section><h2>What it showed</h2><ul>${facts(card).map((fact) => markup`<li>${fact}</li>`)}</ul></section>
${checks('What did not pass', card, 'error')}${checks('To be looked at', card, 'warning')}${checks('In order', card, 'ok')}
<footer><small>Of the plan ${plan}. Times are UTC. Format ${schema}.</small></footer>`,
  )
}

function counts({ expiresAt }: DrillCard): string {
  return expiresAt === null
    ? 'It lets nothing fail over by itself.'
    : `Until ${moment(expiresAt)} it lets this very plan be carried out by itself, if the policy says so.`
}

function facts({ tried, isolation, recoverySeconds, notDrilled }: DrillCard): readonly string[] {
  return [
    tried ? 'The standby itself was tried.' : 'The standby itself was not tried.',
    ...(isolation === null ? [] : [`${isolation.packetsLeft} packets left it meanwhile, and ${isolation.packetsRefused} were refused.`]),
    ...(recoverySeconds === null ? [] : [`It was well ${formatDuration(recoverySeconds * 1000)} after its services were started.`]),
    ...notDrilled.map((what) => `Not tried: ${what}.`),
  ]
}

function checks(title: string, { checks: all }: DrillCard, wanted: DrillCheck['severity']): Markup | null {
  const found = all.filter(({ severity }) => severity === wanted)
  if (found.length === 0) return null
  return markup`<section><h2>${title}</h2><table><thead><tr><th>Of</th><th>What</th><th class="n">Took</th></tr></thead><tbody>
${found.map(
  ({
    about,
    text,
    hint,
    ms,
  }) => markup`<tr><td>${about}</td><td>${text}${hint === null ? null : markup`<br><small>${hint}</small>`}</td><td class="n">${formatDuration(ms)}</td></tr>
`,
)}</tbody></table></section>
`
}
