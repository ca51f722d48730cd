// The story of migrate.ts on DBOS: every step's answer is stored before the next begins, so a process that dies at any
// moment is followed by one that goes on at the interrupted step. Names registered here are permanent.
import { DBOS } from '@dbos-inc/dbos-sdk'
import { LifeboatError, codeOf, messageOf } from '../core/errors.ts'
import { runbookVersion, type StepName } from '../core/runbook.ts'
import { noFacts, otherSide, type MoveFacts, type SideName } from '../core/stored-move.ts'
import { sleep } from '../io/wait.ts'
import { replaced, stayAlive } from './alive.ts'
import type { ExecutorKind, Executors } from './executors.ts'
import { isJournalTrouble } from './journal-pool.ts'
import { dropLease } from './lease.ts'
import { migrate, type Ending, type Verbs } from './migrate.ts'
import type { OpenPorts } from './ports.ts'
import { askedBack, claimNode, perform, type Result, type Run, type Services } from './run.ts'
import { leaveTurn } from './steps/companions.ts'
import { actions } from './steps/index.ts'
import type { StoredMove } from './store.ts'

export type MoveInput = { readonly move: string } & Pick<Run, 'run' | 'want' | 'approval' | 'notBefore' | 'rehearse'>

export type Durable = {
  readonly start: (input: MoveInput) => Promise<void>
  readonly shutdown: () => Promise<void>
}

const queueName = 'moves'
/** Those that wait count, for others or for `finish`: fewer places could be taken by clients whose databases have none. `limits` are kept by slots. */
const atOnce = 1000
const verdictWithinMs = 5000
const restMs = { first: 1000, most: 15_000 } as const

export type LaunchOptions = {
  readonly databaseUrl: string
  readonly isShared: boolean
  /** A new one for each start of a process. */
  readonly executor: string
  /** What the executor holds the lock of. */
  readonly folder: string
  readonly kind: ExecutorKind
  /** Whether moves are run here, or only begun and told. */
  readonly runsMoves: boolean
  readonly executors: Executors
  readonly services: Services
  readonly openPorts: OpenPorts
  /** Aborts when this process must not act any more. */
  readonly stop: AbortSignal
  /** Somebody else has taken over, or nothing can be recorded: ends the process, without another word to anybody. */
  readonly onLost: (why: LifeboatError) => void
  readonly onLog: (text: string) => void
}

/** Registers, launches and takes over what dead processes left. Fails with database-unavailable or database-newer. */
export async function launchDurable(options: LaunchOptions): Promise<Durable> {
  const { executors, executor, onLog } = options
  const move = DBOS.registerWorkflow(async (input: MoveInput): Promise<Ending> => await unlessStopped(options, async () => await execute(input, options)), {
    name: 'move',
    maxRecoveryAttempts: 100_000,
  })
  const log = (entry: unknown): void => onLog(entry instanceof Error ? (entry.stack ?? entry.message) : String(entry))
  DBOS.setConfig({
    name: 'lifeboat',
    applicationVersion: runbookVersion,
    executorID: executor,
    systemDatabaseUrl: options.databaseUrl,
    enablePatching: true,
    listenQueues: options.runsMoves ? [queueName] : [],
    logger: { info: () => undefined, debug: () => undefined, warn: log, error: log },
  })
  await executors.enter(executor, options.folder, options.kind)
  try {
    await DBOS.launch()
    await DBOS.registerQueue(queueName, { workerConcurrency: atOnce, minPollingIntervalMs: 250 })
  } catch (error) {
    await DBOS.shutdown()
    throw new LifeboatError('database-unavailable', `The journal's database does not answer: ${messageOf(error)}.`, {
      cause: error,
    })
  }
  const alive = await stayAlive({ ...options, id: executor })
  // The engine's queue goes by the wall clock: set back by an hour, nothing would begin for an hour. Who is alone needs none.
  const place = options.isShared ? { queueName } : {}
  // One that is there already stays as it is.
  const start = async (input: MoveInput): Promise<void> => void (await DBOS.startWorkflow(move, { workflowID: `${input.move}:${input.run}`, ...place })(input))
  if (options.runsMoves) for (const input of await options.services.store.neverQueued()) await start(input)
  return {
    start,
    shutdown: async () => {
      await DBOS.shutdown({ workflowCompletionTimeoutMS: 1000 })
      await alive.leave()
    },
  }
}

/**
 * What an execution throws that was stopped, or whose journal cannot be written, is recorded nowhere: whoever goes on finds
 * the step as it was left. The engine would keep it as the end of the run, as soon as it can write again.
 */
async function unlessStopped<T>({ stop, onLost }: Pick<LaunchOptions, 'stop' | 'onLost'>, act: () => Promise<T>): Promise<T> {
  try {
    stop.throwIfAborted()
    return await act()
  } catch (error) {
    if (stop.aborted) return await never()
    if (!isJournalTrouble(error)) throw error
    onLost(error)
    return await never()
  }
}

async function never(): Promise<never> {
  return await new Promise(() => undefined)
}

/** One execution: again from the top after a crash, with a new token; steps that are stored are not repeated. */
async function execute(input: MoveInput, options: LaunchOptions): Promise<Ending> {
  const { services, stop } = options
  const stored = await services.store.move(input.move)
  if (stored === null) throw new LifeboatError('move-unknown', `The move ${input.move} is not stored.`)
  const token = await services.store.claimToken(input.move, options.executor)
  if (token === null) {
    options.onLost(replaced())
    return await never()
  }
  const ended = new AbortController()
  try {
    const opening = openRun(input, stored, token, options, AbortSignal.any([stop, ended.signal]))
    const run = await opening.catch((error: unknown) => failedToOpen(error, stop))
    if ('state' in run) {
      await tellEnding({ ...input, token }, services, run)
      return run
    }
    const refusal = await takeOver(run)
    if (refusal !== null) {
      await close(run, refusal)
      return refusal
    }
    const ending = await migrate(verbsOf(run), input.want, input.rehearse)
    await DBOS.runStep(async () => await unlessStopped(run, async () => await close(run, ending)), { name: 'close-run' })
    return ending
  } finally {
    ended.abort()
  }
}

async function openRun(
  input: MoveInput,
  stored: StoredMove,
  token: number,
  { services, openPorts, onLost }: Pick<LaunchOptions, 'services' | 'openPorts' | 'onLost'>,
  stop: AbortSignal,
): Promise<Run> {
  const onWait = (reference: string): void => {
    const text = `Waiting for ${reference}: run a command where it can be resolved.`
    const details = { waitingFor: 'credentials', reference }
    services.journal.append({ move: input.move, run: input.run, step: 'credentials', state: 'waiting', text, details }).catch(() => undefined)
  }
  const ports = await openPorts(stored.settings, stored.plan, { signal: stop, onWait })
  let rollbackAsked = watchForRollback(input, services, stop)
  const rearm = (): void => void (rollbackAsked = watchForRollback(input, services, stop))
  return { ...input, token, ports, services, stop, onLost, rollbackAsked: () => rollbackAsked, rearm, claimed: new Set() }
}

/** Claims every side that is prepared already, before the first effect of this execution (runbook.md V6). */
async function takeOver(run: Run): Promise<Ending | null> {
  const stored = await run.services.store.move(run.move)
  if (stored === null || stored.facts.target === null) return null
  for (const side of ['source', 'target'] as const) {
    try {
      const link = await run.ports.link(side, stored.facts)
      await claimNode(run, link, AbortSignal.any([run.stop, AbortSignal.timeout(10_000)]))
      run.claimed.add(side)
    } catch (error) {
      // A side that cannot be reached now is claimed by the first step that needs it.
      run.stop.throwIfAborted()
      const code = codeOf(error)
      if (code === 'database-behind' || code === 'owned-by-other') return { state: 'failed', step: 'check-source', code, text: messageOf(error) }
    }
  }
  return null
}

function verbsOf(run: Run): Verbs {
  const durable = async <T>(name: string, act: () => Promise<T>): Promise<T> => await DBOS.runStep(async () => await unlessStopped(run, act), { name })
  return {
    step: async (name) => await durable(name, async () => await perform(run, name, actions[name])),
    undo: async (name) => await durable(name, async () => await undoPatiently(run, name)),
    look: async () => await durable('look', async () => ({ serving: await servingNow(run) })),
    noteUndone: async (at, serves) => await durable('note', async () => await noteUndone(run, at, serves)),
    takeRollback: async () =>
      await durable('take-rollback', async () => {
        await run.services.signals.take(run.move, run.run, 'rollback')
        run.rearm()
      }),
    rest: async (tries) => await durable('rest', async () => await restOrBack(run, tries)),
  }
}

async function noteUndone(run: Run, at: StepName, serves: SideName): Promise<void> {
  await leaveTurn(run, 'undone')
  const text = `The attempt ended at ${at}; the ${serves} serves on.`
  await run.services.journal.append({ move: run.move, run: run.run, step: 'attempt', state: 'undone', text, details: { at, serves } })
}

/** The side that serves: as stored, unless the other one says that the last attempt was committed there. */
async function servingNow(run: Run): Promise<SideName> {
  const facts = (await run.services.store.move(run.move))?.facts ?? noFacts
  const receiver = otherSide(facts.serving)
  if (facts.target === null || facts.attempt === 0) return facts.serving
  try {
    const link = await run.ports.link(receiver, facts)
    const verdict = await link.call({ op: 'verdict', attempt: facts.attempt }, AbortSignal.any([run.stop, AbortSignal.timeout(verdictWithinMs)]))
    if (verdict['value'] !== 'committed') return facts.serving
    await run.services.store.learn(run.move, { serving: receiver, stragglers: 0 }, run.token)
    return receiver
  } catch {
    run.stop.throwIfAborted()
    return facts.serving
  }
}

/** Three tries: a node that stays silent undoes its part alone, and the next undo must not wait for it for ever. */
async function undoPatiently(run: Run, name: Parameters<Verbs['undo']>[0]): Promise<Result> {
  for (let tries = 1; ; tries++) {
    const result = await perform(run, name, actions[name], 'undo')
    if (result.state === 'done' || tries === 3) return result
    await sleep(1000, run.stop)
  }
}

async function restOrBack(run: Run, tries: number): Promise<boolean> {
  const ms = Math.min(restMs.most, restMs.first * 2 ** (tries - 1))
  const either = AbortSignal.any([run.stop, run.rollbackAsked()])
  await sleep(ms, either).catch(() => undefined)
  run.stop.throwIfAborted()
  return run.rollbackAsked().aborted
}

/** Aborts once a rollback signal waits for this run. */
function watchForRollback(input: MoveInput, services: Services, until: AbortSignal): AbortSignal {
  const asked = new AbortController()
  const hear = async (): Promise<void> => {
    await services.signals.heard(input.move, input.run, 'rollback', until)
    asked.abort(askedBack)
  }
  if (input.want === 'migrate') hear().catch(() => undefined)
  return asked.signal
}

/** What cannot even be opened (a stored configuration that no longer parses) ends here; a move must not seem to run for ever. */
function failedToOpen(error: unknown, stop: AbortSignal): Ending {
  stop.throwIfAborted()
  if (isJournalTrouble(error)) throw error
  const text = messageOf(error)
  return { state: 'failed', step: 'check-source', code: codeOf(error), text: error instanceof LifeboatError ? text : `Unexpected: ${text}` }
}

async function tellEnding({ move, run, token }: Pick<Run, 'move' | 'run' | 'token'>, { store, journal }: Services, ending: Ending): Promise<void> {
  await store.setState(move, ending.state, token)
  const text = { finished: 'Finished.', 'rolled-back': 'Rolled back; the source serves.', failed: ending.state === 'failed' ? ending.text : '' }[ending.state]
  const details = ending.state === 'failed' ? { code: ending.code, at: ending.step } : {}
  const state = ending.state === 'finished' ? ('done' as const) : ending.state === 'failed' ? ('failed' as const) : ('undone' as const)
  await journal.append({ move, run, step: 'move', state, text, details: { ...details, ending: ending.state } })
}

async function close(run: Run, ending: Ending): Promise<void> {
  dropLease(run.move)
  await run.services.store.dropSlots(run.move)
  await tellEnding(run, run.services, ending)
  for (const side of ['source', 'target'] as const) {
    const facts = (await run.services.store.move(run.move))?.facts
    if (facts !== undefined && (side === 'source' || facts.target !== null)) await hangUp(run, side, facts)
  }
}

/** A side that we could not even try to log in to has no connection to end; the step that failed on it has told why. */
async function hangUp(run: Run, side: SideName, facts: MoveFacts): Promise<void> {
  const link = await run.ports.link(side, facts).catch(() => null)
  await link?.close()
}
