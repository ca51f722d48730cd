// The engine on Pulumi: programs run inline, in this process (session.ts), its CLI as a child (cli.ts).
import type { Secret } from '../core/secret.ts'
import { findCli, type Cli } from './cli.ts'
import type { Changes, Engine, Listen, StackRequest } from './engine.ts'
import { changesOf, createEventLog, noChanges, type EventLog } from './events.ts'
import { failureOf } from './failures.ts'
import { refusePending } from './pending.ts'
import { recoverStack } from './recovery.ts'
import { openStack, revealAll, type EngineOptions, type Open, type StackSession } from './session.ts'

const quiet: Listen = () => {}
const color = 'never'
/** No operation on one node takes this long: the runbook gives it 15 minutes. */
const longestMs = 30 * 60_000

/** An engine for one project. It does nothing before its first call. */
export function createEngine(options: EngineOptions): Engine {
  const turns = new Map<string, Promise<unknown>>()
  let found: Promise<Cli> | null = null

  async function cli(signal: AbortSignal): Promise<Cli> {
    found ??= findCli(options.pulumiRoot, options.environment, signal)
    return found.catch((error: unknown) => {
      found = null
      throw error
    })
  }

  /** Calls for one stack run one after the other: they share its folder. */
  async function inTurn<T>(request: StackRequest, log: EventLog, signal: AbortSignal, act: (open: Open) => Promise<T>): Promise<T> {
    const before = turns.get(request.stack) ?? Promise.resolve()
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(longestMs)])
    const turn = before.then(() => guarded(request, log, deadline, act))
    turns.set(
      request.stack,
      turn.catch(() => {}),
    )
    return turn
  }

  async function guarded<T>(request: StackRequest, log: EventLog, signal: AbortSignal, act: (open: Open) => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const revealed = revealAll({ ...options.environment, ...request.environment })
    try {
      return await act(await openStack(options, request, { cli: await cli(signal), environment: revealed.environment, signal }))
    } catch (error) {
      // The engine wraps the abort in errors of its own.
      if (signal.aborted) throw signal.reason
      const secrets = [...revealed.secrets, options.passphrase.reveal()]
      throw failureOf(error, { stack: request.stack, diagnostics: log.diagnostics(), readFailure: request.readFailure, secrets })
    }
  }

  return {
    preview: (request, signal) => {
      const log = createEventLog(quiet)
      return inTurn(request, log, signal, async (open) => {
        const { stack } = await open.orCreate()
        const { changeSummary } = await stack.preview({ refresh: true, color, onEvent: log.onEvent, signal })
        return changesOf(changeSummary)
      })
    },
    up: (request, listen, signal) => {
      const log = createEventLog(listen)
      return inTurn(request, log, signal, async (open) => {
        const session = await open.orCreate()
        await refusePending(request.stack, session)
        await session.stack.up({ refresh: true, color, showSecrets: false, onEvent: log.onEvent, signal })
        return { changes: log.changes(), outputs: await outputsOf(session) }
      })
    },
    drift: (request, signal) => {
      const log = createEventLog(quiet)
      return inTurn(request, log, signal, async (open) => {
        const session = await open.orNull()
        if (session === null) return { changes: noChanges, resources: [] }
        const { changeSummary } = await session.stack.previewRefresh({ color, onEvent: log.onEvent, signal })
        return { changes: changesOf(changeSummary), resources: log.changed() }
      })
    },
    outputs: (request, signal) =>
      inTurn(request, createEventLog(quiet), signal, async (open) => {
        const session = await open.orNull()
        const outputs = session === null ? {} : await outputsOf(session)
        return Object.keys(outputs).length === 0 ? null : outputs
      }),
    destroy: (request, listen, signal) => {
      const log = createEventLog(listen)
      return inTurn(request, log, signal, async (open) => {
        const session = await open.orNull()
        if (session === null) return noChanges
        return destroyStack(request, session, log, signal)
      })
    },
    recover: (request, find, signal) =>
      inTurn(request, createEventLog(quiet), signal, (open) => recoverStack({ ...options, ...open, stack: request.stack, find, signal })),
  }
}

async function destroyStack(request: StackRequest, session: StackSession, log: EventLog, signal: AbortSignal): Promise<Changes> {
  await refusePending(request.stack, session)
  // Volumes are protected so that no `up` can replace them. Whoever calls this has made sure that they hold nothing.
  await session.run('state', 'unprotect', '--all', '--yes')
  await session.stack.destroy({ color, showSecrets: false, onEvent: log.onEvent, signal })
  return log.changes()
}

async function outputsOf(session: StackSession): Promise<Record<string, unknown>> {
  return JSON.parse(await session.run('stack', 'output', '--json'))
}
