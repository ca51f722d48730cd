// The incident for one's own customers: that it happened, that it is over, what it was, what is done, and what is not known.
// Nothing of it names the provider, a node, an observer, or words of others.
import { formatDuration } from '../../core/units.ts'
import { markup } from '../markup.ts'
import { count, moment } from '../wording.ts'
import { items, plain } from './markdown.ts'
import { document } from './page.ts'
import type { IncidentReport, PointName } from './schema.ts'

export type PublicReport = { readonly title: string; readonly sections: readonly { readonly title: string; readonly texts: readonly string[] }[] }

/** `service`: what customers call it. */
export function publicOf(report: IncidentReport, service: string): PublicReport {
  const first = report.points.find((point) => point.at !== null)?.at ?? ''
  return {
    title: `${service}: incident of ${first.slice(0, 10)}`,
    sections: [
      { title: 'What happened', texts: [acknowledged(report, service)] },
      { title: 'Where it stands', texts: restored(report) },
      { title: 'What we know of it', texts: explained(report) },
      { title: 'What we do', texts: report.actions.length === 0 ? ['We will add it here once it is decided.'] : report.actions },
    ],
  }
}

function timeOf({ points }: IncidentReport, wanted: PointName): string | null {
  return points.find(({ point }) => point === wanted)?.at ?? null
}

function acknowledged(report: IncidentReport, service: string): string {
  const from = timeOf(report, 'T0')
  if (from === null) return `We looked for an incident of ${service}; our measurements show none.`
  const how = report.score?.severity === 'hard-down' ? 'did not answer' : 'answered slowly or not at all'
  return `From ${moment(from)} UTC (exact to ${formatDuration(report.uncertaintyMs)}) ${service} ${how}.`
}

function restored(report: IncidentReport): string[] {
  const [from, moved, over] = [timeOf(report, 'T0'), timeOf(report, 'T5'), timeOf(report, 'T8')]
  const isOver =
    from === null || over === null
      ? 'We have not yet measured that all is well everywhere.'
      : `Since ${moment(over)} UTC it has been well, ${formatDuration(Date.parse(over) - Date.parse(from))} after it began.`
  return [isOver, ...(moved === null ? [] : [`At ${moment(moved)} UTC we moved the service to other machines.`]), lossOf(report.lostWrites)]
}

function lossOf(lost: number | null): string {
  if (lost === null) return 'Whether anything that was saved was lost is not known yet.'
  return lost === 0 ? 'Nothing that was saved was lost.' : `${count(lost)} changes that were confirmed as saved were lost; whoever is concerned hears from us.`
}

function explained({ consistentWith }: IncidentReport): string[] {
  const [closest] = consistentWith
  const known = closest === undefined ? [] : [`What we measured is consistent with ${closest.text}.`]
  return [...known, 'From outside we can measure effects, and not what went wrong inside.']
}

export function publicMarkdown({ title, sections }: PublicReport): string {
  return `# ${plain(title)}\n\n${sections.map(({ title: head, texts }) => `## ${head}\n\n${items(texts.map(plain))}\n`).join('\n')}`
}

export function publicHtml({ title, sections }: PublicReport): string {
  const body = sections.map(
    ({ title: head, texts }) => markup`<section><h2>${head}</h2>${texts.map((text) => markup`<p>${text}</p>`)}</section>
`,
  )
  return document(
    title,
    markup`<header><h1>${title}</h1></header>
${body}<footer><small>Times are UTC.</small></footer>`,
  )
}
