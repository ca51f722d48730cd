// What the policy knows of one move, gathered from where it is kept: the same for whoever explains, decides and acts.
import { failoverSteps, failoversOf } from '../../core/failovers.ts'
import type { Judged } from '../../core/judged.ts'
import { completeAt, type MoveFacts } from '../../core/stored-move.ts'
import { msOf } from '../../core/instant.ts'
import type { Failover, PolicyInput, PolicySettings } from '../../core/policy.ts'
import type { Journal } from '../../workflows/journal.ts'
import type { Signals } from '../../workflows/signals.ts'
import type { Store, StoredMove } from '../../workflows/store.ts'
import { lastDrill, planOfFailover } from '../drill/drills.ts'

export type PolicyPlace = { readonly store: Store; readonly journal: Journal; readonly signals: Signals }

/** `ways`: how many fences are configured. */
export type Asked = { readonly move: string; readonly settings: PolicySettings; readonly ways: number }

const hourMs = 3_600_000

/** With no epoch, and no fence that was confirmed: those are known at the act alone (guarding.ts). */
export async function policyInput(place: PolicyPlace, { move, settings, ways }: Asked, now: number): Promise<PolicyInput> {
  const { store } = place
  const stored = await store.move(move)
  const [last, failovers, drill, approval, known] = await Promise.all([
    store.judged(move),
    failoversLately(place, { name: move, run: stored?.run ?? 0 }, now - Math.max(settings.blockPeriodMs, hourMs) - hourMs, now),
    lastDrill(store, move),
    store.failoverApproval(move),
    store.policySwitch(),
  ])
  const judged = ofWhoServes(last, stored)
  const stoppedAt = judged?.silentSince ?? null
  return {
    now,
    move,
    settings,
    off: known?.off ?? false,
    fence: { ways, confirmedEpoch: null },
    failovers,
    plan: stored !== null && isStandingBy(stored) ? planOfFailover(stored) : null,
    judged,
    epoch: null,
    lag: stored === null ? null : lagOf(stored.facts, stoppedAt ?? now),
    stoppedAt,
    drill,
    approval,
  }
}

/** Before the first look after a switch what was judged still speaks of the other node. */
function ofWhoServes(judged: Judged | null, stored: StoredMove | null): Judged | null {
  return judged?.side === (stored?.facts.serving ?? 'source') ? judged : null
}

/** Whether its target could take over: kept in step with the source, which serves. */
function isStandingBy({ state, facts }: Pick<StoredMove, 'state' | 'facts'>): boolean {
  return state === 'running' && facts.serving === 'source' && facts.target !== null && facts.lastPass !== null
}

/** What was written before the last complete pass began is on the target: no guess, and so never older than the time that is asked for. */
export function lagOf({ lastPass }: Pick<MoveFacts, 'lastPass'>, at: number): PolicyInput['lag'] {
  if (lastPass === null) return null
  const complete = msOf(completeAt(lastPass))
  return { ms: Math.max(0, at - complete), at: Math.max(at, complete), moves: true }
}

/** One that was asked for and is not looked at yet is at work, too. */
async function failoversLately(
  { journal, signals }: PolicyPlace,
  { name: move, run }: Pick<StoredMove, 'name' | 'run'>,
  since: number,
  now: number,
): Promise<readonly Failover[]> {
  const failovers = failoversOf(await journal.ofSteps(failoverSteps, new Date(since).toISOString()))
  const isAsked = await signals.waits(move, run, 'failover')
  return isAsked ? [...failovers, { id: `${move}, asked for`, move, startedAt: now, endedAt: null, by: 'approval' }] : failovers
}
