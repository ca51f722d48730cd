// Whether a fail-over that was decided may do the next thing now: every guard once more, right before the act.
import { LifeboatError } from '../../core/errors.ts'
import type { DecidedFailover, MoveFacts, MoveSettings } from '../../core/stored-move.ts'
import { mayActNow, refusals } from '../../core/policy.ts'
import type { Ports } from '../../workflows/ports.ts'
import { lagOf, policyInput, type PolicyPlace } from './policy-input.ts'

type At = { readonly facts: MoveFacts; readonly token: number }

/** One that a person began by hand is that person's word, and asks nobody. */
export function guarding(place: PolicyPlace, { name, fence }: Pick<MoveSettings, 'name' | 'fence'>): Ports['refuseFailover'] {
  return async (moment, { facts, token }) => {
    const { decided } = facts
    if (decided === null) return
    const why = await refusal(place, name, fence.length, moment, decided, { facts, token })
    if (why === null) return
    // Nothing was done to the source yet: whoever approved it need not say so again within its quarter of an hour.
    if (moment === 'fence') await place.store.returnApproval(decided.id)
    throw new LifeboatError('gate-closed', why)
  }
}

async function refusal(
  place: PolicyPlace,
  move: string,
  ways: number,
  moment: 'fence' | 'promote',
  { id, trigger, silentSince }: DecidedFailover,
  { facts, token }: At,
): Promise<string | null> {
  const judged = await place.store.judged(move)
  if (judged === null) return 'Nobody watches the source, so nobody can say that it is down.'
  const known = await policyInput(place, { move, settings: judged.settings, ways }, Date.now())
  const stored = await place.store.move(move)
  const fencedAt = facts.fence === null ? null : Date.parse(facts.fence.at)
  const stoppedAt = silentSince ?? fencedAt ?? known.stoppedAt
  const { guards } = mayActNow(
    {
      ...known,
      // Whoever holds the newest token of a move is its only failover.
      failovers: (known.failovers ?? []).filter((each) => each.move !== move || each.endedAt !== null),
      epoch: { own: token, highest: stored?.token ?? token },
      fence: { ways, confirmedEpoch: facts.fence === null ? null : token },
      stoppedAt,
      lag: lagOf(facts, stoppedAt ?? known.now),
    },
    trigger,
    moment,
    id,
  )
  return refusals(guards)[0]?.text ?? null
}
