// What is known of drills when somebody decides: whether one counts, and of which plan.
import { failoverPlanOf } from '../../core/failover-plan.ts'
import type { PolicyInput } from '../../core/policy.ts'
import type { Store, StoredMove } from '../../workflows/store.ts'
import { digest } from '../planning.ts'

/** What the policy knows of drills of this move: the last one in which the standby was tried, if it passed. One that failed ends what an earlier one has shown. */
export async function lastDrill(store: Pick<Store, 'newestTrial'>, move: string): Promise<PolicyInput['drill']> {
  const last = await store.newestTrial(move)
  return last === null || !last.passed ? null : { passedAt: Date.parse(last.at), plan: last.plan }
}

/** Digest of what a failover of this move would do as it stands; null: it has no target yet. */
export function planOfFailover({ settings, facts }: Pick<StoredMove, 'settings' | 'facts'>): string | null {
  return failoverPlanOf(settings, facts, digest)
}
