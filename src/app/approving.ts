// Whether an approval may be given now: it is for one plan and for one attempt.
import { LifeboatError } from '../core/errors.ts'
import { isFresh } from '../core/judged.ts'
import { rowsOf } from '../core/runbook.ts'
import type { Journal } from '../workflows/journal.ts'
import type { Signals } from '../workflows/signals.ts'
import type { Store, StoredMove } from '../workflows/store.ts'
import { planOfFailover } from './drill/drills.ts'

/** Takes the approval of a fail-over as it would be carried out now; false: this is the digest of no such one, or nobody watches who could begin it. */
export async function approvesFailover(
  { store }: { readonly store: Store },
  move: StoredMove,
  { digest, who }: { readonly digest: string | null; readonly who: string },
): Promise<boolean> {
  if (digest === null || digest === move.settings.plan || digest !== planOfFailover(move)) return false
  const judged = await store.judged(move.name)
  if (judged === null || !isFresh(judged, Date.now()))
    throw new LifeboatError('not-now', `Nobody watches the source of ${move.name} now, so nothing would come of it.`)
  if (judged.settings.mode === 'observe')
    throw new LifeboatError('not-now', `\`watch.policy.mode\` is observe, so nothing would come of it; \`lifeboat failover ${move.name}\` needs no policy.`)
  await store.approveFailover(move.name, digest, who)
  return true
}

/** Fails with plan-changed unless this fingerprint is that of the plan which the run was begun with. Null: none was named. */
export function refuseOtherPlan({ name, settings: { plan } }: StoredMove, digest: string | null): void {
  if (digest === null || digest === plan) return
  const begun = plan === null ? 'by a version that did not keep the fingerprint of its plan' : `with the plan ${plan}`
  throw new LifeboatError('plan-changed', `${name} was begun ${begun}; it is not ${digest}.`, { details: { fingerprint: plan } })
}

/** Fails with not-now where it would count for something that nobody has asked yet: a second one, or one in the middle of an attempt. */
export async function refuseSecond(parts: { readonly signals: Signals; readonly journal: Journal }, { name, run, facts }: StoredMove): Promise<void> {
  if (facts.serving === 'target') throw new LifeboatError('not-now', `${name} is switched; there is nothing to approve.`)
  if (await parts.signals.waits(name, run, 'approve')) throw new LifeboatError('not-now', `${name} was approved already; that was not looked at yet.`)
  // A pause takes back what was approved, and an approval ends the pause.
  if (await parts.signals.waits(name, run, 'pause')) return
  if (facts.approved?.run === run)
    throw new LifeboatError('not-now', `${name} is approved already and waits for its time; \`lifeboat pause ${name}\` takes that back.`)
  const last = await parts.journal.latest(name)
  const isUnderWay = rowsOf('switch').some((row) => row.name === last?.step) || (last?.step === 'await-approval' && last.state === 'done')
  if (isUnderWay) throw new LifeboatError('not-now', `${name} is approved, and its switch is under way.`)
}
