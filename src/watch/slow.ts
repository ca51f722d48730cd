// Whether a try is reason to look again sooner, and to ask a fresh connection. Whether a node is well, the judge says.
import { slowAboveMs } from '../core/judge-rules.ts'
import type { Try } from './attempt.ts'

export function isBad({ outcome, ms, rung }: Pick<Try, 'outcome' | 'ms' | 'rung'>): boolean {
  return outcome === 'fail' || (outcome === 'ok' && (ms ?? 0) > slowAboveMs[rung])
}
