// Begins moves and carries a person's word to them: migrate, approve, pause, rollback, finish, failover, reprotect.
import type { Config } from '../config/schema.ts'
import { LifeboatError } from '../core/errors.ts'
import { rollbackPrice } from '../core/forecast.ts'
import { describeSealedAlone, wayOut } from '../core/sealed-alone.ts'
import { counted } from '../core/units.ts'
import type { Move } from '../core/move.ts'
import { togetherOf } from '../core/plan-freezes.ts'
import { wavesTogether } from '../core/waves.ts'
import type { Plan } from '../core/plan.ts'
import { otherSide, type Beginning, type DecidedFailover, type SideName } from '../core/stored-move.ts'
import type { Durable } from '../workflows/durable.ts'
import type { MoveInput } from '../workflows/execution.ts'
import { goesBackWith, isGoingBackWith } from '../workflows/going-back.ts'
import type { Journal } from '../workflows/journal.ts'
import type { Want } from '../workflows/run.ts'
import { isBehind } from '../workflows/take-over.ts'
import type { SignalKind, Signals } from '../workflows/signals.ts'
import type { ConfigText } from '../workflows/config-texts.ts'
import type { Store, StoredMove } from '../workflows/store.ts'
import { approvesFailover, refuseOtherPlan, refuseSecond } from './approving.ts'
import { makePlan, settingsOf } from './planning.ts'

export type Parts = { readonly store: Store; readonly journal: Journal; readonly signals: Signals; readonly durable: Durable }
/** `together`: others that go back with it. */
export type Begun = {
  readonly move: string
  readonly run: number
  readonly attached: boolean
  readonly together?: readonly RunOf[]
  /** What was approved is a fail-over that was proposed: whoever watches the source begins it. */
  readonly failover?: boolean
}
type RunOf = { readonly move: string; readonly run: number }
type Approval = Pick<MoveInput, 'approval' | 'notBefore' | 'rehearse'>
export type MigrateRequest = Approval & {
  readonly moves: readonly string[]
  readonly fingerprint: string | null
  readonly who: string
  /** No newer copy of this database is left. */
  readonly isNewest: boolean
}

/**
 * Starts these moves (when none is named, all that are not finished), or attaches to those that run. Nothing starts when
 * one of them may not. What others come after is begun first.
 */
export async function beginMoves(parts: Parts, text: ConfigText, config: Config, request: MigrateRequest, signal: AbortSignal): Promise<readonly Begun[]> {
  const wanted = request.moves.length > 0 ? request.moves : Object.keys(config.moves).sort()
  const stored = (await Promise.all(wanted.map(async (name) => await parts.store.move(name)))).filter((move) => move !== null)
  const running = stored.filter((move) => move.state === 'running')
  const finished = stored.filter((move) => move.state === 'finished').map((move) => move.name)
  if (request.moves.length > 0 || finished.length === wanted.length) refuseFinished(finished)
  const names = wanted.filter((name) => !finished.includes(name) && !running.some((move) => move.name === name))
  await refuseOldCopy(parts.store, stored, request.isNewest)
  // Those that wait for approval rehearse, and wait again.
  if (request.rehearse === true) for (const { name } of running) await tellMove(parts, name, 'rehearse', { digest: null, who: request.who })
  const begun: Begun[] = running.map((move) => ({ move: move.name, run: move.run, attached: true }))
  if (names.length === 0) return begun
  const { plan, moves } = await makePlan(config, wanted, parts.store, signal)
  refuseChanged(plan, request.fingerprint)
  refuseBlocked(plan, names)
  await refuseCircle(parts.store, plan, names)
  for (const wave of plan.waves) {
    const fresh = moves.filter((move) => wave.includes(move.name) && names.includes(move.name))
    begun.push(...(await Promise.all(fresh.map(async (move) => await beginOne(parts, text, plan, move, request)))))
  }
  return begun
}

async function beginOne(parts: Parts, text: ConfigText, plan: Plan, move: Move, request: Approval & { readonly who: string }): Promise<Begun> {
  const planned = plan.moves.find((each) => each.name === move.name)
  if (planned === undefined) throw new LifeboatError('defect', `The plan lacks ${move.name}.`)
  const beginning = beginningOf('migrate', request)
  const run = await parts.store.beginRun(settingsOf(move, planned, plan.fingerprint), planned, text, beginning)
  if (run === null) return { move: move.name, run: (await parts.store.move(move.name))?.run ?? 0, attached: true }
  await startRun(parts, move.name, run, beginning, { who: request.who, plan: plan.fingerprint })
  return { move: move.name, run, attached: false }
}

function refuseFinished([done]: readonly string[]): void {
  if (done !== undefined) throw new LifeboatError('not-now', `The move ${done} is finished; there is nothing left to migrate.`)
}

/** A move that was found behind what its nodes have seen rests, until a newer database is put back or somebody says that none is left. */
async function refuseOldCopy(store: Store, moves: readonly StoredMove[], isNewest: boolean): Promise<void> {
  const behind = moves.find(({ facts }) => facts.behind !== null)
  if (behind !== undefined && !isNewest) throw isBehind(behind.name, behind.facts.behind ?? 0)
  if (!isNewest) return
  const adopted = await Promise.all(moves.map(async ({ name }) => await store.adopt(name)))
  if (!adopted.includes(true)) throw new LifeboatError('not-now', 'No node has seen more than this database knows; it goes on without that word.')
}

/** What runs keeps the `after:` with which it was begun: together with what is written now it may go round. */
async function refuseCircle(store: Store, plan: Plan, names: readonly string[]): Promise<void> {
  const running = [...(await store.standings())].filter(([, { state, serving }]) => state === 'running' && serving === 'source')
  const fresh = plan.moves.filter((move) => names.includes(move.name))
  const after = new Map([...running.map(([name, { after: others }]) => [name, others] as const), ...fresh.map((move) => [move.name, move.after] as const)])
  const { cycle } = wavesTogether(after, togetherOf(plan.freezes))
  if (cycle === null) return
  const text = `\`after:\` goes round with a move that runs as it was begun: ${cycle.join(' -> ')}.`
  throw new LifeboatError('after-cycle', text, { details: { cycle } })
}

function refuseChanged(plan: Plan, shown: string | null): void {
  if (shown === null || shown === plan.fingerprint) return
  throw new LifeboatError('plan-changed', `The plan is ${plan.fingerprint} now, not ${shown} as it was shown.`, { details: { fingerprint: plan.fingerprint } })
}

function refuseBlocked(plan: Plan, names: readonly string[]): void {
  const blockers = plan.moves.filter((move) => names.includes(move.name)).flatMap((move) => move.blockers.map((each) => `${move.name}: ${each.text}`))
  if (blockers[0] === undefined) return
  throw new LifeboatError('plan-blocked', `${counted(blockers.length, 'blocker')}, the first: ${blockers[0]}`, { details: { blockers } })
}

function beginningOf(want: Want, { approval, notBefore = null, rehearse = false }: Approval): Beginning {
  return { want, approval, notBefore, rehearse }
}

/** `by`: who began it, and the fingerprint of the plan that it was begun with. */
async function startRun(
  parts: Parts,
  move: string,
  run: number,
  beginning: Beginning,
  by: { readonly who: string; readonly plan: string | null },
): Promise<void> {
  const { want } = beginning
  const text = { migrate: 'Migration begins.', rollback: 'Rollback begins.', failover: 'Fail-over begins.' }[want]
  await parts.journal.append({ move, run, step: 'move', state: 'started', text, details: { want, plan: by.plan, who: by.who } })
  await parts.durable.start({ move, run, ...beginning })
}

export type Said = {
  readonly digest: string | null
  readonly who: string
  /** With a rollback: the side that somebody knows to be off. */
  readonly isOff?: SideName | null
  /** With a fail-over that no person began by hand. */
  readonly decided?: DecidedFailover
}

/** Carries one word to a move that runs. A rollback also works on a move that rests: it begins a run of its own. */
export async function tellMove(parts: Parts, name: string, kind: SignalKind, said: Said): Promise<Begun> {
  const move = await parts.store.move(name)
  if (move === null) throw new LifeboatError('move-unknown', `The move ${name} was never started.`)
  if (kind === 'approve' && (await approvesFailover(parts, move, said))) return { move: name, run: move.run, attached: true, failover: true }
  refuseWord(move, kind, said)
  const together = kind === 'rollback' && (said.isOff ?? null) === null ? await tellTogether(parts, move, said.who) : null
  if (together !== null) return { move: name, run: move.run, attached: true, together }
  return move.state === 'running' ? await sendWord(parts, move, kind, said) : await beginBy(parts, move, kind === 'failover' ? kind : 'rollback', said)
}

async function sendWord(parts: Parts, move: StoredMove, kind: SignalKind, { digest, who, isOff = null, decided }: Said): Promise<Begun> {
  const { name, run, settings } = move
  if (kind === 'approve') await refuseSecond(parts, move)
  // An approval that nobody has taken yet is taken back.
  if (kind === 'pause') await parts.signals.take(name, run, 'approve')
  const word = { by: kind, who, at: new Date().toISOString(), ...decided }
  // Known before the word that it belongs to is obeyed.
  if (isOff !== null) await parts.signals.send(name, run, 'is-off', { ...word, side: isOff })
  // On the way back the target is opened, and serves on.
  if (isOff !== 'source' || kind === 'failover') await parts.signals.send(name, run, kind, kind === 'approve' ? { ...word, digest, plan: settings.plan } : word)
  return { move: name, run, attached: true }
}

async function beginBy(
  parts: Parts,
  { name, run: last, settings, plan }: StoredMove,
  want: 'rollback' | 'failover',
  { who, isOff = null }: Said,
): Promise<Begun> {
  const beginning = beginningOf(want, { approval: 'person' })
  const run = await parts.store.beginRun(settings, plan, await parts.store.configOf(name), beginning)
  if (run === null) return { move: name, run: last, attached: true }
  if (isOff !== null) await parts.signals.send(name, run, 'is-off', { by: want, who, at: new Date().toISOString(), side: isOff })
  await startRun(parts, name, run, beginning, { who, plan: settings.plan })
  return { move: name, run, attached: false }
}

/** Those that share its freeze go back with it in one pause, as they were switched: the others. Null: it goes back alone. Who is on the way hears no second word. */
async function tellTogether({ store }: Parts, move: StoredMove, who: string): Promise<readonly RunOf[] | null> {
  const { freeze } = move.plan
  if (freeze === undefined) return null
  const members = (await goesBackWith(store, freeze)).map(({ name }) => name)
  const word = { by: 'rollback', who, at: new Date().toISOString(), together: members }
  const isTold = members.length > 0 && (await store.beginRoundBack(freeze.name, members, word))
  const round = isTold ? members : await isGoingBackWith(store, move)
  if (round.length === 0) return null
  const others = await Promise.all(round.filter((name) => name !== move.name).map(async (name) => await store.move(name)))
  return others.flatMap((other) => (other === null ? [] : [{ move: other.name, run: other.run }]))
}

function refuseWord(move: StoredMove, kind: SignalKind, { digest, isOff = null }: Said): void {
  refuseOtherPlan(move, digest)
  refuseImpossible(move, kind)
  if (kind === 'rollback') refuseBlindly(move, isOff)
  if (kind === 'failover') refuseFailover(move, isOff)
}

function refuseImpossible(move: StoredMove, kind: SignalKind): void {
  const { name, state, facts } = move
  if (state === 'finished') throw new LifeboatError(kind === 'rollback' ? 'rollback-impossible' : 'not-now', `${name} is finished: its source is off.`)
  if (kind === 'rollback' && state === 'running' && facts.serving === 'target' && facts.sealedAlone === null) {
    const { possible, why } = rollbackPrice(facts)
    if (!possible) throw new LifeboatError('rollback-impossible', `${name} cannot go back: ${why}`)
  }
  refuseBySide(move, kind)
  if (kind !== 'rollback' && kind !== 'failover' && state !== 'running') throw new LifeboatError('not-now', `${name} does not run.`)
}

/** Only the source is given up, and only for a copy that was complete once. */
function refuseFailover({ name, facts }: StoredMove, isOff: SideName | null): void {
  if (isOff === 'target') throw new LifeboatError('usage', 'A fail-over gives the source up: `--source-is-off`.')
  if (facts.serving === 'target') throw new LifeboatError('not-now', `${name} is served by its target already.`)
  if (facts.target === null || facts.lastPass === null) throw new LifeboatError('not-now', `${name} has no complete copy to fail over to.`)
}

/** Nobody opens a side that is sealed alone without knowing what became of the other one. */
function refuseBlindly({ name, facts: { sealedAlone: alone, serving, fence } }: StoredMove, isOff: SideName | null): void {
  if (alone === null && isOff === null) return
  // Of a source that is fenced its target is asked first, whoever says what.
  if (alone === null && serving === 'source' && fence !== null && isOff === 'target') return
  if (alone === null) throw new LifeboatError('not-now', `No side of ${name} is sealed or fenced alone; it goes back without a word on the ${isOff}.`)
  if (isOff === otherSide(alone.side)) return
  const text = isOff === null ? '' : ` It is the ${isOff} that is sealed.`
  throw new LifeboatError('other-side-silent', `${name}: ${describeSealedAlone(alone)}${text}`, { details: { ...alone, way: wayOut(name, alone) } })
}

function refuseBySide({ name, facts: { serving, failedOver } }: StoredMove, kind: SignalKind): void {
  if (kind === 'finish' && serving === 'source') throw new LifeboatError('not-now', `${name} is not switched; there is nothing to finish.`)
  if (kind === 'rehearse' && serving === 'target') throw new LifeboatError('not-now', `${name} is switched already; there is nothing to rehearse.`)
  if (kind !== 'reprotect' || (serving === 'target' && failedOver !== null)) return
  const why = serving === 'source' ? 'its source serves' : 'its source was not given up, or is its standby again'
  throw new LifeboatError('not-now', `${name} needs no \`reprotect\`: ${why}.`)
}
