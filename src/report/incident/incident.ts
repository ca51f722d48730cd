// The report of an incident as an object: a pure function of its evidence and of what was decided, so that the same input
// gives the same bytes on any day.
import { scoreOf } from '../../core/scorecard.ts'
import type { Said } from '../../core/outage-score.ts'
import { consistentWith } from './hypotheses.ts'
import { endOf, ladderOf, onsetOf, samplesOf, wasBad, type KeptSample, type Onset } from './samples.ts'
import { pointNames, points, type IncidentInput, type IncidentReport, type Kept, type PointName } from './schema.ts'
import { notKnown, summaryOf, textOf, type Found } from './words.ts'

export function incidentOf(input: IncidentInput): IncidentReport {
  const evidence = input.evidence.toSorted((one, other) => one.seq - other.seq)
  const found = findIn(input, evidence)
  const { at, onset, score, samples, said } = found
  const main = {
    schema: 'lifeboat.incident/1' as const,
    kind: input.kind ?? ('incident' as const),
    project: input.project,
    incident: input.incident,
    target: input.target,
    provider: input.provider,
    summary: summaryOf(input, found),
    uncertaintyMs: input.intervalMs,
    lastGood: onset?.lastGood ? { at: onset.lastGood.evidence.at, seqs: [onset.lastGood.seq] } : null,
    points: pointsOf(found),
    durations: durationsOf(at),
    goals: input.goals ?? { recoverySeconds: null, lossSeconds: null },
    lostWrites: input.lostWrites,
    ladder: ladderOf(samples, input.intervalMs),
    decision: input.decision,
    consistentWith: onset === null ? [] : consistentWith(samples, onset.firstBad.evidence.at, at.T4 ?? found.to ?? '9999'),
    said: said.map(saidIn),
    score,
    notKnown: notKnown(input, found),
    actions: [...(input.actions ?? [])],
  }
  return { ...main, evidence: evidenceOf(evidence, citedIn(main)) }
}

function findIn(input: IncidentInput, evidence: readonly Kept[]): Found {
  const samples = samplesOf(evidence, input.target)
  const said = statementsOf(evidence, input.provider)
  const suspected = input.points.T1 ?? input.points.T2
  const onset = suspected === undefined ? null : onsetOf(samples, suspected)
  if (onset === null) return { samples, said, onset, at: input.points, to: null, score: null }
  const from = onset.firstBad.evidence.at
  const to = endOf(samples, onset)?.evidence.at ?? null
  // Once the node was cut off, that nothing answers is our own doing.
  const outage = { from, to, severity: severityOf(samples, onset, input.points.T4 ?? to) }
  const score = input.pageEveryMs === null ? null : scoreOf(outage, said, input.pageEveryMs)
  return { samples, said, onset, at: { ...input.points, T0: from }, to, score }
}

function pointsOf({ at, onset }: Found): IncidentReport['points'] {
  const firstBad = onset === null ? [] : [onset.firstBad.seq]
  return points.map((point) => ({ point, name: pointNames[point], at: at[point] ?? null, seqs: point === 'T0' ? firstBad : [] }))
}

function saidIn({ seq, evidence: { at, claimedAt, incident, status, impact, title, body } }: Said): IncidentReport['said'][number] {
  return { at, claimedAt, incident, status, impact, title, body, seqs: [seq] }
}

function evidenceOf(evidence: readonly Kept[], cited: ReadonlySet<number>): IncidentReport['evidence'] {
  const last = evidence.at(-1)
  const records = evidence.filter(({ seq }) => cited.has(seq))
  return {
    count: evidence.length,
    head: last === undefined ? null : { seq: last.seq, hash: last.hash },
    records: records.map(({ seq, hash, evidence: each }) => ({ seq, hash, at: each.at, kind: each.kind, text: textOf(each) })),
  }
}

function statementsOf(evidence: readonly Kept[], provider: string): readonly Said[] {
  return evidence.flatMap(({ seq, evidence: each }) => (each.kind === 'statement' && each.provider === provider ? [{ seq, evidence: each }] : []))
}

/** Hard down where not even connections were made. */
function severityOf(samples: readonly KeptSample[], onset: Onset, to: string | null): 'gray' | 'hard-down' {
  return wasBad(samples, 'tcp', onset.firstBad.evidence.at, to ?? '9999') === true ? 'hard-down' : 'gray'
}

const spans: readonly (readonly [string, PointName, PointName])[] = [
  ['until it was suspected', 'T0', 'T1'],
  ['until it was confirmed', 'T0', 'T2'],
  ['until it was approved', 'T1', 'T3'],
  ['to cut the old side off', 'T3', 'T4'],
  ['until the standby served', 'T4', 'T5'],
  ['until clients were well', 'T5', 'T8'],
  ['recovery, from impact', 'T0', 'T8'],
  ['recovery, from approval', 'T3', 'T8'],
]

function durationsOf(at: Readonly<Partial<Record<PointName, string>>>): IncidentReport['durations'] {
  return spans.map(([name, from, to]) => {
    const [begin, end] = [at[from], at[to]]
    return { name, from, to, ms: begin === undefined || end === undefined ? null : Date.parse(end) - Date.parse(begin) }
  })
}

/** Every number under a key that holds citations. */
function citedIn(value: unknown, isCitation = false): ReadonlySet<number> {
  if (typeof value === 'number') return new Set(isCitation ? [value] : [])
  if (typeof value !== 'object' || value === null) return new Set()
  return new Set(Object.entries(value).flatMap(([key, each]) => [...citedIn(each, isCitation || ['seqs', 'for', 'against'].includes(key))]))
}
