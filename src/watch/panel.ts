// The judge over evidence as it comes: it hears all the time, and thinks now and then.
import type { Evidence } from '../core/evidence.ts'
import type { JudgeRules } from '../core/judge-rules.ts'
import { judge, noEvidence, type JudgeState } from '../core/judge.ts'
import type { EvidenceLog, EvidenceQuery } from './evidence-log.ts'

export type Panel = {
  readonly rules: JudgeRules
  readonly hear: (evidence: readonly Evidence[]) => void
  /** What is known now (ms since 1970). */
  readonly sit: (now: number) => JudgeState
}

/** So much of what was seen before tells it again what is usual. */
const rememberedMs = 1_800_000

/** Reads what the log has of the last half hour; `of` narrows that. */
export async function openPanel(rules: JudgeRules, log: Pick<EvidenceLog, 'read'>, of: Pick<EvidenceQuery, 'observers'> = {}): Promise<Panel> {
  const now = Date.now()
  const [from, to] = [new Date(now - rememberedMs).toISOString(), new Date(now).toISOString()]
  let heard: Evidence[] = (await log.read({ from, to, ...of })).map(({ evidence }) => evidence)
  let state = noEvidence
  return {
    rules,
    hear: (evidence) => void heard.push(...evidence),
    sit: (at) => {
      state = judge(state, heard, at, rules)
      heard = []
      return state
    },
  }
}
