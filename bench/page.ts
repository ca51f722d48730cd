// docs/performance.md: what the last full run of each benchmark gave, never typed by hand.
import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { repository } from '../lab/place.ts'
import { table } from '../src/ui/table.ts'
import type { Benchmark, Line } from './benchmark.ts'

const line = z.object({
  schema: z.literal('lifeboat.bench/1'),
  name: z.string(),
  case: z.string(),
  unit: z.string(),
  ours: z.number(),
  theirs: z.number().nullable(),
  opponent: z.string().nullable(),
  ratio: z.number().nullable(),
  goal: z.string(),
  holds: z.boolean(),
  rounds: z.number(),
  notes: z.string(),
})

const entry = z.object({
  date: z.string(),
  cores: z.number(),
  /** How many processes wanted a core, on average over the last minute: before the run, and after it. */
  load: z.tuple([z.number(), z.number()]),
  lines: z.array(line),
})

export type Results = Readonly<Record<string, z.infer<typeof entry>>>

const resultsFile = path.join(repository, 'docs', 'performance.json')
const pageFile = path.join(repository, 'docs', 'performance.md')

export function readResults(): Results {
  return z.record(z.string(), entry).parse(JSON.parse(readFileSync(resultsFile, 'utf8')))
}

/** Keeps what a full run of one benchmark gave, and writes the page again. */
export function keepResults(benchmarks: readonly Benchmark[], name: string, loadBefore: number, lines: readonly Line[]): void {
  const now = {
    date: new Date().toISOString().slice(0, 10),
    cores: os.availableParallelism(),
    load: [loadBefore, loadNow()] as [number, number],
    lines: [...lines],
  }
  const results = { ...readResults(), [name]: now }
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(pageFile, pageOf(benchmarks, results))
}

export function loadNow(): number {
  return Math.round((os.loadavg()[0] ?? 0) * 10) / 10
}

export function pageOf(benchmarks: readonly Benchmark[], results: Results): string {
  const parts = benchmarks.flatMap(({ name, says }) => {
    const kept = results[name]
    return kept === undefined ? [] : [partOf(name, says, kept)]
  })
  return `# How fast it is

\`npm run bench -- [name…] [--quick] [--json]\` measures; a run without \`--quick\` writes this page. Each figure is the median of rounds in which all contestants ran one after the other on the same machine. Less is better; "times" says how many times better ours is than the other.

${parts.length === 0 ? 'No full run was kept yet.\n' : parts.join('\n')}`
}

function partOf(name: string, says: string, { date, cores, load, lines }: Results[string]): string {
  const rows = lines.map((each) => {
    const [other, theirs, ratio] = each.opponent === null ? ['-', '-', '-'] : [each.opponent, `${each.theirs} ${each.unit}`, each.ratio ?? '-']
    return `| ${each.case} | ${each.ours} ${each.unit} | ${other} | ${theirs} | ${ratio} | ${each.goal} | ${each.holds ? 'yes' : '**no**'} | ${each.rounds} |`
  })
  const notes = new Map(lines.map((each) => [each.case, each.notes]))
  return `## ${name}
${says}

On ${date}, ${cores} cores, load ${load[0]} before and ${load[1]} after.

| case | ours | other | theirs | times | goal | holds | rounds |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}

${[...notes].map(([of, text]) => `- ${of}: ${text}`).join('\n')}
`
}

/** The results for a terminal. */
export function resultTable(lines: readonly Line[]): string {
  const heading = ['NAME', 'CASE', 'OURS', 'OTHER', 'THEIRS', 'TIMES', 'GOAL', 'HOLDS']
  const shown = (figure: number | null, unit = ''): string => (figure === null ? '-' : `${figure} ${unit}`.trim())
  const rows = lines.map((each) => [
    each.name,
    each.case,
    shown(each.ours, each.unit),
    each.opponent ?? '-',
    shown(each.theirs, each.unit),
    shown(each.ratio),
    each.goal,
    each.holds ? 'yes' : 'NO',
  ])
  return table([heading, ...rows])
}
