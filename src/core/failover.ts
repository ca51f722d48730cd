// A failover step by step, purely: what to ask of the world next, and what its answer leads to. Guards are asked again before each
// effect. Until the standby serves it can be given up: under a newer epoch of which the standby hears first, so that nothing that is
// still under way comes through; a standby that serves by then says so, and it goes on instead.
import { mayActNow, refusals, type PolicyInput } from './policy.ts'
import type { Trigger } from './policy-guards.ts'

/** `reclaim` and `open-again` give it up. `manual`: only a person can tell what is true. */
export type FailoverStep = 'claim' | 'fence' | 'confirm-fence' | 'promote' | 'switch-names' | 'reclaim' | 'open-again' | 'done' | 'given-up' | 'manual'
type Ending = 'done' | 'given-up' | 'manual'
export type AskedStep = Exclude<FailoverStep, Ending>

export type FailoverState = {
  readonly id: string
  readonly by: Trigger
  readonly step: FailoverStep
  /** Granted for this failover; every effect carries it. Null: not yet. */
  readonly epoch: number | null
  /** Since when the source was silent as it was decided; null: it answered, and so acknowledged writes until it was cut off. */
  readonly silentSince: number | null
  /** When this step began (ms since 1970). */
  readonly since: number
  /** Why it took this way, in a sentence. */
  readonly why: string
}

/** `stale`: a newer epoch was accepted there. `serves`: the standby serves already. */
export type FailoverAnswer = { readonly epoch?: number; readonly refused?: 'stale' | 'serves'; readonly isFenced?: boolean }

/** ms a step may take; then it is given up, or left to a person. */
const deadlines: Readonly<Record<AskedStep, number>> = {
  claim: 30_000,
  fence: 60_000,
  'confirm-fence': 60_000,
  promote: 60_000,
  'switch-names': 900_000,
  reclaim: 60_000,
  'open-again': 60_000,
}

const stepAfter: Readonly<Record<AskedStep, FailoverStep>> = {
  claim: 'fence',
  fence: 'confirm-fence',
  'confirm-fence': 'promote',
  promote: 'switch-names',
  'switch-names': 'done',
  reclaim: 'open-again',
  'open-again': 'given-up',
}

export function beginFailover(id: string, by: Trigger, now: number, silentSince: number | null): FailoverState {
  return { id, by, step: 'claim', epoch: null, silentSince, since: now, why: '' }
}

export function hasEnded({ step }: FailoverState): boolean {
  return step === 'done' || step === 'given-up' || step === 'manual'
}

/** Whoever takes over what another controller left asks for an epoch of its own first. */
export function takeOver(state: FailoverState, now: number): FailoverState {
  const givesUp = state.step === 'reclaim' || state.step === 'open-again'
  return hasEnded(state) ? state : to(state, givesUp ? 'reclaim' : 'claim', now, 'Another controller left it.')
}

/** Where it stands now, after deadlines and guards: what is to be asked is its step, unless it has ended. */
export function beforeAsking(state: FailoverState, input: PolicyInput): FailoverState {
  const { step, since } = state
  if (step === 'done' || step === 'given-up' || step === 'manual') return state
  const { now } = input
  const isLate = now - since > deadlines[step]
  if (isLate) return afterDeadline(state, step, now)
  if (step !== 'fence' && step !== 'promote') return state
  const { may, guards } = mayActNow(input, state.by, step, state.id)
  if (may) return state
  const why = refusals(guards)[0]?.text ?? ''
  // Before the fence nothing was done. After it, a guard may open again until the deadline.
  return step === 'fence' ? to(state, 'reclaim', now, why) : { ...state, why }
}

/** Whether the guards of its step are open, so that it may be asked now. */
export function mayAsk(state: FailoverState, input: PolicyInput): boolean {
  return (state.step !== 'fence' && state.step !== 'promote') || mayActNow(input, state.by, state.step, state.id).may
}

/** After an answer to what was asked in this step; one that came for an earlier step, or under another epoch, changes nothing. */
export function afterAnswer(
  state: FailoverState,
  asked: { readonly step: AskedStep; readonly epoch: number | null },
  answer: FailoverAnswer,
  now: number,
): FailoverState {
  if (asked.step !== state.step || asked.epoch !== state.epoch) return state
  if (answer.refused === 'stale') return to(state, 'given-up', now, 'A newer epoch is at work.')
  if (answer.refused === 'serves') return to({ ...state, epoch: answer.epoch ?? state.epoch }, 'switch-names', now, 'The standby serves already.')
  if (asked.step === 'confirm-fence' && answer.isFenced !== true) return state
  const epoch = asked.step === 'claim' || asked.step === 'reclaim' ? (answer.epoch ?? null) : state.epoch
  return to({ ...state, epoch }, stepAfter[asked.step], now)
}

function afterDeadline(state: FailoverState, step: AskedStep, now: number): FailoverState {
  const why = state.why === '' ? `"${step}" took longer than ${deadlines[step] / 1000} s.` : state.why
  if (step === 'claim') return to(state, 'given-up', now, why)
  // It serves, or nobody can say who does.
  if (step === 'switch-names' || step === 'reclaim' || step === 'open-again') return to(state, 'manual', now, why)
  return to(state, 'reclaim', now, why)
}

function to(state: FailoverState, step: FailoverStep, since: number, why = state.why): FailoverState {
  return { ...state, step, since, why }
}
