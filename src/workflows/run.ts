// One execution of one move: who it is (token, owner), what it may use (ports), and how a single step is performed:
// announced, done within its deadline, recorded. Whether it is durable is decided one level up, in durable.ts.
import { LifeboatError, codeOf, type Details, type ErrorCode } from '../core/errors.ts'
import { deadlineMsOf, rowsOf, titleOf, type ActionName } from '../core/runbook.ts'
import type { RecordState } from '../core/records.ts'
import type { MoveFacts, MoveSettings, SideName } from '../core/stored-move.ts'
import type { Link } from '../nodes/link.ts'
import type { Journal } from './journal.ts'
import { isJournalTrouble } from './journal-pool.ts'
import type { Ports } from './ports.ts'
import type { Signals } from './signals.ts'
import type { Store } from './store.ts'

export type Services = { readonly store: Store; readonly journal: Journal; readonly signals: Signals; readonly identity: string }

export type Want = 'migrate' | 'rollback' | 'failover'

export type Run = {
  readonly move: string
  readonly run: number
  readonly token: number
  /** A new one for each execution: a database that was restored gives out the same token a second time. */
  readonly execution: string
  /** Approve as soon as the gate is open (`--yes`), or ask a person. */
  readonly approval: 'at-once' | 'person'
  /** No switch before this time (ISO 8601), whoever approved it. Absent in runs of older versions. */
  readonly notBefore?: string | null
  /** Rehearse before approval is asked for. Absent in runs of older versions. */
  readonly rehearse?: boolean
  readonly want: Want
  readonly ports: Ports
  readonly services: Services
  /** Aborts when this process ends or has lost the right to act: the step is then not recorded and runs again elsewhere. */
  readonly stop: AbortSignal
  /** Ends this process without another word: it must not act any more, or cannot record what it does. */
  readonly onLost: (why: LifeboatError) => void
  /** What aborts when a rollback was asked for: steps of the quiet phases then end early. Armed anew once it was obeyed. */
  readonly rollbackAsked: () => AbortSignal
  readonly rearm: () => void
  /** Sides that accepted our token in this execution. */
  readonly claimed: Set<SideName>
}

export type Step = {
  readonly run: Run
  readonly name: ActionName
  readonly settings: MoveSettings
  /** What is known of the move now, with all that this step has learned. Nobody else learns while a step runs. */
  readonly facts: MoveFacts
  readonly signal: AbortSignal
  /** The deadline of the step counts from now on: waiting for other moves is not its own time. */
  readonly restartDeadline: () => void
  /** A progress record: what happens now, for whoever watches. */
  readonly say: (text: string, details?: Readonly<Record<string, unknown>>) => Promise<void>
  /** A waiting record. */
  readonly waitFor: (text: string, details?: Readonly<Record<string, unknown>>) => Promise<void>
  /** Whether something was said after the last waiting record: the newest one tells no longer what is waited for. */
  readonly saidMore: boolean
  readonly learn: (facts: Partial<MoveFacts>) => Promise<void>
}

/** What a step answers: one sentence, and figures for machines. Small: it is stored with every step. */
export type Done = { readonly text: string; readonly details?: Readonly<Record<string, unknown>> }
export type Action = (step: Step) => Promise<Done>

export type Result =
  | { readonly state: 'done'; readonly details: Readonly<Record<string, unknown>> }
  | { readonly state: 'failed'; readonly code: ErrorCode; readonly text: string }
  /** `word`: what for, where it was not to go back. */
  | { readonly state: 'interrupted'; readonly word?: 'failover' }

/** Performs one action. Failures are values, so that a replay sees them as the first run did; only the end of this process throws, and a journal that cannot be written. */
export async function perform(run: Run, name: ActionName, action: Action, kind: 'step' | 'undo' = 'step'): Promise<Result> {
  const words = kind === 'step' ? ({ begun: 'started', ended: 'done' } as const) : ({ begun: 'undoing', ended: 'undone' } as const)
  const write = async (state: RecordState, text: string, details: Details = {}) =>
    void (await run.services.journal.append({ move: run.move, run: run.run, step: name, state, text, details }))
  const mayEndEarly = kind === 'step' && interruptible.has(name)
  const { signal, late, restart, settle } = limitsOf(run, name, mayEndEarly)
  await write(words.begun, titleOf(name))
  try {
    const [isWanted, step] = await Promise.all([mayEndEarly ? wantedNow(run, name) : null, openStep(run, name, { signal, restart }, write)])
    if (isWanted !== null) return interrupted(isWanted)
    const done = await action(step)
    await write(words.ended, done.text, done.details)
    return { state: 'done', details: done.details ?? {} }
  } catch (error) {
    run.stop.throwIfAborted()
    if (isJournalTrouble(error)) throw error
    if (signal.reason === askedBack) return interrupted('rollback')
    if (signal.reason === askedOver) return interrupted('failover')
    const { code, text, details } = wordsOf(signal.reason === late ? late : error)
    await write('failed', text, details)
    return { state: 'failed', code, text }
  } finally {
    settle()
  }
}

/** What somebody wants instead. A pause that meets an attempt closes its gate: then this fails. */
async function wantedNow({ services: { signals }, move, run }: Run, name: ActionName): Promise<'rollback' | 'failover' | null> {
  const waits = async (kind: 'rollback' | 'failover' | 'pause') => await signals.waits(move, run, kind)
  const [rollback, failover, pause] = await Promise.all([waits('rollback'), waits('failover'), inTheSwitch.has(name) && waits('pause')])
  if (rollback) return 'rollback'
  if (failover) return 'failover'
  if (pause) throw new LifeboatError('gate-closed', 'A pause was asked for; the copy is kept in step until it is approved.')
  return null
}

function interrupted(word: 'rollback' | 'failover'): Result {
  return word === 'rollback' ? { state: 'interrupted' } : { state: 'interrupted', word }
}

const inTheSwitch = new Set<string>(rowsOf('switch').map((row) => row.name))

/** The reason with which `rollbackAsked` aborts. */
export const askedBack = new LifeboatError('not-now', 'A rollback was asked for.')
export const askedOver = new LifeboatError('not-now', 'A fail-over was asked for.')

function limitsOf(run: Run, name: ActionName, mayEndEarly: boolean) {
  const deadlineMs = deadlineMsOf(name)
  const late = new LifeboatError('timeout', `${titleOf(name)} did not end within ${(deadlineMs ?? 0) / 1000} s.`)
  const limit = new AbortController()
  const begin = () => (deadlineMs === null ? undefined : setTimeout(() => limit.abort(late), deadlineMs))
  let timer = begin()
  const settle = (): void => clearTimeout(timer)
  const restart = (): void => {
    settle()
    timer = begin()
  }
  return { late, signal: AbortSignal.any([run.stop, limit.signal, ...(mayEndEarly ? [run.rollbackAsked()] : [])]), restart, settle }
}

async function openStep(
  run: Run,
  name: ActionName,
  { signal, restart }: { readonly signal: AbortSignal; readonly restart: () => void },
  write: (state: RecordState, text: string, details?: Details) => Promise<void>,
): Promise<Step> {
  const stored = await run.services.store.move(run.move)
  if (stored === null) throw new LifeboatError('move-unknown', `The move ${run.move} is not stored.`)
  let { facts } = stored
  let saidMore = false
  return {
    run,
    name,
    settings: run.ports.settings,
    get facts() {
      return facts
    },
    signal,
    restartDeadline: restart,
    say: async (text, details) => {
      saidMore = true
      await write('progress', text, details)
    },
    waitFor: async (text, details) => {
      saidMore = false
      await write('waiting', text, details)
    },
    get saidMore() {
      return saidMore
    },
    learn: async (more) => void (facts = await run.services.store.learn(run.move, more, run.token)),
  }
}

/** The node of one side, with our token accepted by its helper. */
export async function reach(step: Step, side: SideName): Promise<Link> {
  const link = await step.run.ports.link(side, step.facts)
  if (!step.run.claimed.has(side)) {
    await claimNode(step.run, link, step.signal)
    step.run.claimed.add(side)
  }
  return link
}

/** Presents our token. A node that refuses the newest one of our database tells that the database is an old copy. */
export async function claimNode(run: Run, link: Link, signal: AbortSignal): Promise<void> {
  try {
    // Another machine than the one that prepared the node must reach the ports of a closed side, too.
    const from = (await addressSeenBy(link, signal)) ?? ''
    await link.call({ op: 'claim', token: run.token, owner: `${run.move}/${run.services.identity}`, execution: run.execution, from }, signal)
  } catch (error) {
    if (codeOf(error) !== 'token-stale') throw error
    const stored = await run.services.store.move(run.move)
    if (stored === null || stored.token > run.token) throw error
    const highest = error instanceof LifeboatError ? Number(error.details['highest'] ?? 0) : 0
    await run.services.store.learn(run.move, { behind: Math.max(highest, stored.facts.behind ?? 0) }, run.token)
    const text = `${link.address} has seen token ${highest} of ${run.move}; this database had given out only ${run.token - 1}.`
    throw new LifeboatError('database-behind', text, { details: { highest }, cause: error })
  }
}

/** Our own address as the node sees it; null: it does not tell. */
export async function addressSeenBy(link: Link, signal: AbortSignal): Promise<string | null> {
  const { stdout } = await link.run(['sh', '-c', 'echo "$SSH_CONNECTION"'], { signal })
  const [address = ''] = stdout.trim().split(' ')
  return address === '' ? null : address
}

/** What a gate answers that does not open: one sentence with the number and its limit. */
export function gateClosed(sentence: string): LifeboatError {
  return new LifeboatError('gate-closed', sentence)
}

/** Whether a node did not answer, rather than refuse or fail: an error, or a result with its code. */
export function isSilence(error: unknown): boolean {
  return ['ssh-unreachable', 'timeout'].includes(codeOf(error))
}

export function tcpPortsOf(step: Step): readonly number[] {
  return step.settings.ports.filter((each) => each.protocol === 'tcp').map((each) => each.port)
}

/** Steps that a rollback need not wait for: nothing is committed there, so what they did is undone (runbook.md §5). */
const interruptible = new Set<ActionName>([
  'check-source',
  'provision-node',
  'prepare-node',
  'first-sync',
  'lower-ttl',
  'keep-in-sync',
  'rehearse',
  'await-approval',
  'check-ready',
  'hold-clients',
  'freeze-source',
  'final-sync',
  'verify-data',
  'seal-source',
  'promote-target',
  'check-target',
  'watch-target',
  'await-finish',
  'switch-dns',
  'stop-forwarding',
])

function wordsOf(error: unknown): { readonly code: ErrorCode; readonly text: string; readonly details: Details } {
  const code = codeOf(error)
  if (error instanceof LifeboatError) return { code, text: error.message, details: { code, ...error.details } }
  const [message, stack] = error instanceof Error ? [error.message, error.stack ?? ''] : [String(error), '']
  return { code, text: `Unexpected: ${message}`, details: { code, stack } }
}
