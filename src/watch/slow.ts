// Whether a try is reason to look again sooner, and to ask a fresh connection. Whether a node is well, the judge says.
import type { Rung } from '../core/evidence.ts'
import type { Try } from './attempt.ts'

const slowAboveMs: Readonly<Record<Rung, number>> = {
  icmp: 1000,
  tcp: 1000,
  banner: 1000,
  kex: 2000,
  auth: 3000,
  exec: 3000,
  fsync: 1000,
  echo: 1000,
  app: 2000,
  view: 60_000,
}

export function isBad({ outcome, ms, rung }: Pick<Try, 'outcome' | 'ms' | 'rung'>): boolean {
  return outcome === 'fail' || (outcome === 'ok' && (ms ?? 0) > slowAboveMs[rung])
}
