// The members of a shared freeze, as one of them sees the others (workflows/freezes.ts keeps where each stands): whether all are
// ready, the round in which they are switched, and the turn to hold clients, which they have together.
import type { Obstacle } from '../../core/after.ts'
import { isOnTheWayBack, type ActionName } from '../../core/runbook.ts'
import { isOver, type Member } from '../../core/shared-freeze.ts'
import type { Companion } from '../freezes.ts'
import type { Run, Step } from '../run.ts'

/** All of its freeze, itself among them, as far as they were begun; null: it shares none. */
export async function companionsOf({ ports, services }: Run): Promise<readonly Companion[] | null> {
  const { freeze } = ports.plan
  return freeze === undefined ? null : await services.store.companions(freeze.name, freeze.members)
}

/** Those that are in the same round. A run that has ended takes no part any more. */
function roundOf(companions: readonly Companion[], move: string): readonly Member[] {
  const round = companions.find(({ name }) => name === move)?.round
  return companions
    .filter((each) => each.round === round)
    .map(({ name, after, at, state, run }) => ({ name, after, at, state: run !== 'running' || state === 'waits' ? 'out' : state }))
}

/** The members of its round now; none where it shares no freeze. */
export async function roundNow(run: Run): Promise<readonly Member[]> {
  return roundOf((await companionsOf(run)) ?? [], run.move)
}

/** Those that it meets at this row, or undoes it with, itself among them; null: it goes alone. Back it goes with others if all were told to in one word. */
export async function roundFor(run: Run, name: ActionName): Promise<readonly Companion[] | null> {
  const companions = await companionsOf(run)
  const me = companions?.find((each) => each.name === run.move)
  if (companions === null || me === undefined) return null
  const isTogether = !isOnTheWayBack(name) || (me.state !== 'out' && me.at !== null && isOnTheWayBack(me.at))
  return isTogether ? companions.filter(({ round }) => round === me.round) : null
}

/** In whose name the turn to hold clients is taken, and of which source providers: a freeze takes it once for all members. */
export async function turnOf(run: Run): Promise<{ readonly holder: string; readonly providers: readonly string[] }> {
  const companions = await companionsOf(run)
  const providers = companions?.map(({ provider }) => provider) ?? [run.ports.plan.from.provider]
  return { holder: holderOf(run), providers: [...new Set(providers)] }
}

export function holderOf({ move, ports: { plan } }: Run): string {
  return plan.freeze?.members.join(', ') ?? move
}

/** Gives the turn up, once it has released its clients in this step or else has undone its part: for a freeze when the last of its members has come so far. */
export async function leaveTurn(run: Run, released: ActionName | null): Promise<void> {
  const { move, token, services } = run
  if (run.ports.plan.freeze === undefined) return await services.store.leaveSlots(move, ['hold'])
  if (released === null) await services.store.leaveRound(move, token, 'out')
  else if ((await roundFor(run, released)) !== null)
    await services.store.comeTo(move, token, isOnTheWayBack(released) ? 'forward-stragglers-back' : 'forward-stragglers')
  if (isOver(await roundNow(run))) await services.store.dropSlots(holderOf(run))
}

/**
 * Whom of its freeze it still waits for; null: all are ready, or are switched already, or have begun. From now on it counts
 * as ready itself.
 */
export async function awaitCompanions({ run }: Step): Promise<Obstacle | null> {
  const { move, token, services, ports } = run
  const { freeze } = ports.plan
  if (freeze === undefined || hasBegun(await companionsOf(run), move)) return null
  await services.store.waitForFreeze(move, token, freeze.name)
  const companions = await companionsOf(run)
  if (hasBegun(companions, move)) return null
  const other = freeze.members.find((name) => name !== move && !isReady(companions, name))
  if (other === undefined) return null
  return { move: other, cause: other, state: companions?.find(({ name }) => name === other)?.run ?? 'not-begun' }
}

/** Whether this member waits for the others as well, or need not as it is switched already. */
function isReady(companions: readonly Companion[] | null, name: string): boolean {
  const member = companions?.find((each) => each.name === name)
  return member?.serving === 'target' || (member?.run === 'running' && member.state === 'waits')
}

/** Whether it is in a round in which it has done nothing yet, as are all others. */
function hasBegun(companions: readonly Companion[] | null, move: string): boolean {
  const me = companions?.find(({ name }) => name === move)
  return me?.state === 'in' && me.at === null && roundOf(companions ?? [], move).every(({ state }) => state === 'in')
}

/** Begins the round once all are ready. False: somebody is not any more. */
export async function beginTogether({ run }: Step): Promise<boolean> {
  const { freeze } = run.ports.plan
  if (freeze === undefined) return true
  const left = ((await companionsOf(run)) ?? []).filter(({ serving }) => serving === 'source').map(({ name }) => name)
  await run.services.store.beginRound(freeze.name, left)
  if (hasBegun(await companionsOf(run), run.move)) return true
  await run.services.store.leaveSlots(holderOf(run), ['hold'])
  return false
}

/** It is not ready any more; a round that begins at this moment ends. */
export async function leaveCompanions({ run: { move, token, services, ports } }: Step): Promise<void> {
  if (ports.plan.freeze !== undefined) await services.store.leaveRound(move, token, 'out')
}
