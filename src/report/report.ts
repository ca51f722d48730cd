// The report as an object (`lifeboat.report/1`): a pure function of journal, plan and samples. The same input gives the
// same bytes on any day, so a report can be made again and compared.
import { byCodeUnit } from '../core/canonical.ts'
import type { JournalRecord } from '../core/records.ts'
import { citedFirst, citedIn } from './cited.ts'
import { moveFrom } from './moves.ts'
import { pausesOf } from './pauses.ts'
import type { Figure, Pause, Report, ReportedMove, ReportInput } from './schema.ts'
import { groupBy, runsOf } from './steps.ts'
import { summaryOf } from './summary.ts'
import { trafficOf, type Whose } from './traffic.ts'

const mostRecords = 1500

export function reportOf(input: ReportInput): Report {
  const records = input.records.toSorted((a, b) => a.seq - b.seq)
  const plan = input.plan ?? null
  const told = [...groupBy(records, ({ move }) => move)]
    .toSorted(([a], [b]) => byCodeUnit(a, b))
    .map(([name, own]) => {
      const runs = runsOf(own)
      const pauses = pausesOf(own, runs, plan)
      return { pauses, move: moveFrom(name, own, runs, pauses, input) }
    })
  const moves = told.map(({ move }) => move)
  const pauses = told.flatMap((each) => each.pauses).toSorted((a, b) => byCodeUnit(a.from, b.from) || byCodeUnit(a.move, b.move))
  const figures = figuresOf(input, pauses)
  const main = {
    schema: 'lifeboat.report/1' as const,
    project: input.project,
    summary: summaryOf(moves, pauses, figures),
    from: records[0]?.at ?? null,
    to: records.at(-1)?.at ?? null,
    plan: plan?.fingerprint ?? null,
    figures,
    pauses,
    traffic: trafficOf(input.traffic?.samples ?? [], pauses, ownersOf(moves)),
    moves,
    notMeasured: notMeasured(figures, moves),
  }
  return { ...main, journal: { count: records.length, heads: headsOf(records), records: mostCited(records, citedIn(main)) } }
}

function figuresOf({ traffic }: ReportInput, pauses: readonly Pause[]): Report['figures'] {
  const samples = traffic?.samples ?? []
  const byClients = (value: number): Figure => ({ value: samples.length === 0 ? null : value, by: 'clients', seqs: [] })
  const [longest] = pauses.filter(({ outcome }) => outcome === 'switched').toSorted(longestFirst)
  const seqs = longest?.seqs ?? []
  return {
    requests: byClients(samples.length),
    failed: byClients(samples.filter(({ outcome }) => outcome === 'failed').length),
    retried: byClients(samples.filter(({ outcome }) => outcome === 'retried').length),
    longestPauseMs: byClients(samples.reduce((most, { ms }) => Math.max(most, ms), 0)),
    lostWrites: { value: traffic?.lostWrites ?? null, by: 'clients', seqs: [] },
    pauseMs: { value: longest?.ms ?? null, by: 'journal', seqs: seqs.slice(-2) },
    forecastPauseMs: { value: longest?.forecastMs ?? null, by: 'journal', seqs: seqs.slice(0, -2) },
  }
}

function ownersOf(moves: readonly ReportedMove[]): Whose {
  const addresses = new Map<string, ReturnType<Whose>>()
  const asked = new Map<string, ReturnType<Whose>>()
  for (const { name: move, from, to, names } of moves) {
    if (from) addresses.set(from.address, { move, side: 'source' })
    if (to?.address) addresses.set(to.address, { move, side: 'target' })
    for (const { name } of names) asked.set(name, { move, side: 'other' })
  }
  return ({ name, address }) => addresses.get(address) ?? asked.get(name) ?? null
}

function longestFirst(a: Pause, b: Pause): number {
  return (b.ms ?? 0) - (a.ms ?? 0)
}

/** What is missing is said, not left for the reader to notice. */
function notMeasured({ requests, lostWrites, pauseMs, forecastPauseMs }: Report['figures'], moves: readonly ReportedMove[]): string[] {
  return [
    ...(requests.value === null ? ['No client was watched: how many requests failed and how long they waited is not known.'] : []),
    ...(lostWrites.value === null ? ['Nobody compared the writes that were acknowledged with what was found afterwards.'] : []),
    ...(pauseMs.value === null ? ['No switch was completed.'] : []),
    ...(pauseMs.value !== null && forecastPauseMs.value === null ? ['No forecast was recorded before the longest pause.'] : []),
    ...moves.filter(({ from }) => from === null).map(({ name }) => `The plan does not have ${name}: its addresses and sizes are not known.`),
    ...moves
      .filter(({ stragglers, names }) => stragglers.value === null && names.length > 0)
      .map(({ name }) => `Clients that still came to the old address of ${name} were not counted.`),
  ]
}

function mostCited(records: readonly JournalRecord[], wanted: ReadonlySet<number>): Report['journal']['records'] {
  const kept = citedFirst(records, wanted).slice(0, mostRecords)
  return kept.toSorted((a, b) => a.seq - b.seq).map(({ seq, at, move, run, step, state, text, hash }) => ({ seq, at, move, run, step, state, text, hash }))
}

function headsOf(records: readonly JournalRecord[]): Report['journal']['heads'] {
  const heads = new Map(records.flatMap(({ move, seq, hash }) => (hash === null ? [] : [[move, { move, seq, hash }]])))
  return [...heads.values()].toSorted((a, b) => byCodeUnit(a.move, b.move))
}
