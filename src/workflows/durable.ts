// The story of migrate.ts on DBOS: every step's answer is stored before the next begins, so a process that dies at any
// moment is followed by one that goes on at the interrupted step. Names registered here are permanent.
import { DBOS } from '@dbos-inc/dbos-sdk'
import { LifeboatError, messageOf } from '../core/errors.ts'
import { stayAlive } from './alive.ts'
import { openDrain } from './drain.ts'
import { execute, type Execution, type MoveInput } from './execution.ts'
import type { ExecutorKind, Executors } from './executors.ts'
import type { Ending } from './migrate.ts'

export type Durable = {
  readonly start: (input: MoveInput) => Promise<void>
  /** Leaves what runs here to others, once no clients are held (drain.ts). */
  readonly shutdown: () => Promise<void>
}

const queueName = 'moves'
/** Those that wait count, for others or for `finish`: fewer places could be taken by clients whose databases have none. `limits` are kept by slots. */
const atOnce = 1000

export type LaunchOptions = Omit<Execution, 'drain'> & {
  /** Of the runbook: runs that were begun with another one are left to processes that know it. */
  readonly version: string
  readonly databaseUrl: string
  readonly isShared: boolean
  /** What the executor holds the lock of. */
  readonly folder: string
  readonly kind: ExecutorKind
  /** Whether moves are run here, or only begun and told. */
  readonly runsMoves: boolean
  readonly executors: Executors
  readonly onLog: (text: string) => void
}

/** Registers, launches and takes over what dead processes left. Fails with database-unavailable or database-newer. */
export async function launchDurable(options: LaunchOptions): Promise<Durable> {
  const { executors, executor, onLog } = options
  const closing = new AbortController()
  const execution: Execution = { ...options, drain: openDrain(), stop: AbortSignal.any([options.stop, closing.signal]) }
  const move = DBOS.registerWorkflow(async (input: MoveInput): Promise<Ending> => await execute(input, execution), {
    name: 'move',
    maxRecoveryAttempts: 100_000,
  })
  const log = (entry: unknown): void => onLog(entry instanceof Error ? (entry.stack ?? entry.message) : String(entry))
  DBOS.setConfig({
    name: 'lifeboat',
    applicationVersion: options.version,
    executorID: executor,
    systemDatabaseUrl: options.databaseUrl,
    enablePatching: true,
    listenQueues: options.runsMoves ? [queueName] : [],
    logger: { info: () => undefined, debug: () => undefined, warn: log, error: log },
  })
  await executors.enter(executor, { ...options, version: options.runsMoves ? options.version : null })
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
      await execution.drain.begin(execution.stop)
      closing.abort(new LifeboatError('controller-unreachable', 'This process ends.'))
      await DBOS.shutdown({ workflowCompletionTimeoutMS: 1000 })
      await alive.leave()
    },
  }
}
