// The sentences of an incident report. What was seen is told, and never what it came of.
import type { OutageScore, Said } from '../../core/outage-score.ts'
import { formatDuration } from '../../core/units.ts'
import { moment } from '../wording.ts'
import type { KeptSample, Onset } from './samples.ts'
import type { IncidentInput, Kept, PointName } from './schema.ts'

/** What is found in the evidence. `to`: when the old side was well again; null: not as far as the evidence goes. */
export type Found = {
  readonly samples: readonly KeptSample[]
  readonly said: readonly Said[]
  readonly onset: Onset | null
  readonly at: Readonly<Partial<Record<PointName, string>>>
  readonly to: string | null
  readonly score: OutageScore | null
}

export function summaryOf({ target, kind }: IncidentInput, { at, to, score }: Found): string {
  if (at.T0 === undefined) return `The evidence shows no outage of ${target}.`
  const since = (time: string): string => formatDuration(Date.parse(time) - Date.parse(at.T0 ?? time))
  const lasted = to === null ? 'it had not ended when the evidence ends' : `it was over after ${since(to)}`
  const recovery = at.T8 === undefined ? lasted : `clients were well everywhere after ${since(at.T8)}`
  const how = score?.severity === 'hard-down' ? 'was down' : 'was impaired'
  return `${kind === 'drill' ? 'Drill: ' : ''}${target} ${how} from ${moment(at.T0)} UTC; ${recovery}.${pageOf(score)}`
}

function pageOf(score: OutageScore | null): string {
  if (score === null) return ''
  const { ms } = score.acknowledge
  if (ms === null) return ' The status page did not tell of it.'
  return ` The status page told of it ${ms < 0 ? 'before we saw it' : `after ${formatDuration(ms)}`}.`
}

export function notKnown({ decision, lostWrites, points: given, pageEveryMs }: IncidentInput, { onset, score }: Found): string[] {
  return [
    ...(onset === null ? ['When it began: no sample shows it.'] : []),
    ...(onset !== null && onset.lastGood === null ? ['How long it had been so: there is no good sample before the first bad one.'] : []),
    ...(lostWrites === null ? ['Whether acknowledged writes were lost: nobody compared.'] : []),
    ...(given.T8 === undefined ? ['When clients were well everywhere.'] : []),
    ...(pageEveryMs === null ? ['What the provider said: it has no status page that is looked at.'] : []),
    ...(score?.watched === false ? ['Since when the words of the status page stood there: it was first looked at after the beginning.'] : []),
    ...(decision?.guards ?? []).filter(({ unknown }) => unknown).map(({ code, text }) => `At the decision (${code}): ${text}`),
    'What went wrong inside the provider: from outside only its effects can be seen.',
  ]
}

export function textOf(evidence: Kept['evidence']): string {
  switch (evidence.kind) {
    case 'sample':
      return `${evidence.observer}: ${evidence.rung} of ${evidence.target}, ${evidence.connection} connection: ${evidence.outcome}${evidence.ms === null ? '' : ` after ${formatDuration(evidence.ms)}`}${evidence.text === '' ? '' : `; ${evidence.text}`}`
    case 'health':
      return `${evidence.observer}: event loop lag ${evidence.loopLagMs} ms`
    case 'signal':
      return `${evidence.source}: ${evidence.state}; ${evidence.text}`
    case 'statement':
      return `${evidence.provider}: ${[evidence.status, evidence.title].filter(Boolean).join('; ')}`
    default:
      return evidence satisfies never
  }
}
