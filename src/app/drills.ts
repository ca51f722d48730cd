// Drills of standbys: held here, kept in the database, and asked for by the policy.
import { drillLevels, triesStandby } from '../core/drill.ts'
import { failoverPlanOf } from '../core/failover-plan.ts'
import type { PolicyInput } from '../core/policy.ts'
import type { Store, StoredMove } from '../workflows/store.ts'
import { digest } from './planning.ts'

/** What the policy knows of drills of this move: the last one that tried the standby, if it passed. One that failed since ends what an earlier one has shown. */
export async function lastDrill(store: Pick<Store, 'newestDrill'>, move: string): Promise<PolicyInput['drill']> {
  const last = await store.newestDrill(move, drillLevels.filter(triesStandby))
  return last === null || !last.passed ? null : { passedAt: Date.parse(last.at), plan: last.plan }
}

/** Digest of what a failover of this move would do as it stands; null: it has no target yet. */
export function planOfFailover({ settings, facts }: Pick<StoredMove, 'settings' | 'facts'>): string | null {
  return failoverPlanOf(settings, facts, digest)
}
