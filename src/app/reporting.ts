// Writes the report of some moves: one JSON and one self-contained HTML file in the state folder.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { byCodeUnit } from '../core/canonical.ts'
import { LifeboatError } from '../core/errors.ts'
import { htmlOf } from '../report/html.ts'
import { reportOf } from '../report/report.ts'
import type { Planned, ReportInput } from '../report/schema.ts'
import type { StoredMove } from '../workflows/store.ts'

const sample = z.object({
  at: z.union([z.string(), z.number()]),
  ms: z.number(),
  outcome: z.enum(['ok', 'failed', 'retried']),
  name: z.string(),
  address: z.string(),
})

export type Written = { readonly json: string; readonly html: string; readonly report: unknown }

/** Samples of clients, one JSON object a line, as the lab's traffic or any probe writes them. */
export async function readSamples(file: string): Promise<z.infer<typeof sample>[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LifeboatError('usage', `${file} cannot be read.`, { cause })
  })
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [sample.parse(JSON.parse(line))]))
}

/** What these moves were begun with, each by its own plan if need be; the fingerprint is that of the last one that began. */
export function plannedOf(moves: readonly StoredMove[]): Planned {
  const last = moves.toSorted((one, other) => byCodeUnit(one.startedAt, other.startedAt)).at(-1)
  return { fingerprint: last?.settings.plan ?? null, moves: moves.map(({ plan }) => plan) }
}

export async function writeReport(folder: string, name: string, input: ReportInput): Promise<Written> {
  const report = reportOf(input)
  const stamp = (report.to ?? '').replaceAll(/[:.]/g, '-')
  const base = join(folder, `${name}-${stamp}`)
  await writeFile(`${base}.json`, `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(`${base}.html`, htmlOf(report))
  return { json: `${base}.json`, html: `${base}.html`, report }
}
