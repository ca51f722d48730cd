// Reports of incidents, and the score of a provider in each: made from the evidence log and the journal, which are kept.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { pointSteps, pointsOf } from '../../core/failovers.ts'
import type { Incident } from '../../core/incident.ts'
import { watchedName } from '../../core/serving.ts'
import type { OutageScore } from '../../core/outage-score.ts'
import { incidentOf } from '../../report/incident/incident.ts'
import { incidentMarkdown } from '../../report/incident/markdown.ts'
import { incidentHtml } from '../../report/incident/page.ts'
import { publicHtml, publicMarkdown, publicOf } from '../../report/incident/public.ts'
import type { IncidentReport, Kept } from '../../report/incident/schema.ts'
import { openEvidenceReader } from '../../watch/log/reader.ts'
import type { Journal } from '../../workflows/journal.ts'
import type { Store } from '../../workflows/store.ts'
import type { Written } from '../reporting.ts'

type Place = { readonly store: Store; readonly journal: Journal; readonly state: string; readonly reports: string }

/** What was before it shows what is usual, and what came after it what the provider said. */
const [beforeMs, afterMs] = [15 * 60_000, 24 * 3_600_000]

/** Null: there is no such incident. `lostWrites`: acknowledged ones that somebody found missing. */
export async function reportIncident(
  place: Place,
  config: Config,
  id: string,
  { isPublic, lostWrites }: { readonly isPublic: boolean; readonly lostWrites: number | null },
): Promise<Written | null> {
  const [incident] = await place.store.incidents({ id, limit: 1 })
  if (incident === undefined) return null
  const report = await reportOn(place, config, incident, lostWrites)
  return isPublic ? await writePublic(place.reports, config.project, report) : await write(place.reports, report)
}

/** The newest first. */
export async function scoresOf(place: Place, config: Config, provider: string, limit: number): Promise<readonly OutageScore[]> {
  const incidents = await place.store.incidents({ provider, limit })
  const reports = await Promise.all(incidents.map(async (incident) => await reportOn(place, config, incident, null)))
  return reports.flatMap(({ score }) => score ?? [])
}

async function reportOn(place: Place, config: Config, incident: Incident, lostWrites: number | null): Promise<IncidentReport> {
  const { id, move, side, provider, suspectedAt, confirmedAt, closedAt, decision } = incident
  const { T8 = closedAt ?? undefined, ...points } = pointsOf(await place.journal.ofSteps(pointSteps, suspectedAt, move))
  return incidentOf({
    project: config.project,
    incident: id,
    target: watchedName(move, side),
    provider,
    intervalMs: config.watch.interval,
    pageEveryMs: config.providers[provider]?.contact?.statusPage === undefined ? null : config.watch.statusPageInterval,
    evidence: await evidenceOf(place.state, incident),
    points: { T1: suspectedAt, T2: confirmedAt, ...points, ...(T8 === undefined ? {} : { T8 }) },
    decision,
    lostWrites,
  })
}

async function evidenceOf(state: string, { move, side, suspectedAt, closedAt }: Incident): Promise<readonly Kept[]> {
  const reader = openEvidenceReader(join(state, 'evidence'))
  if (reader === null) return []
  try {
    const from = new Date(Date.parse(suspectedAt) - beforeMs).toISOString()
    const to = new Date(closedAt === null ? Date.now() : Date.parse(closedAt) + afterMs).toISOString()
    return await reader.read({ from, to, targets: [watchedName(move, side)] })
  } finally {
    await reader.close()
  }
}

async function write(folder: string, report: IncidentReport): Promise<Written> {
  return await writeAll(join(folder, report.incident), report, incidentMarkdown(report), incidentHtml(report))
}

async function writePublic(folder: string, service: string, report: IncidentReport): Promise<Written> {
  const made = publicOf(report, service)
  return await writeAll(join(folder, `${report.incident}-public`), made, publicMarkdown(made), publicHtml(made))
}

async function writeAll(base: string, report: unknown, markdown: string, html: string): Promise<Written> {
  await writeFile(`${base}.json`, `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(`${base}.md`, markdown)
  await writeFile(`${base}.html`, html)
  return { json: `${base}.json`, html: `${base}.html`, report }
}
