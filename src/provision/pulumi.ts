// The engine on Pulumi: programs run inline, in this process (session.ts), its CLI as a child (cli.ts).
import { LifeboatError } from '../core/errors.ts'
import { findCli, type Cli } from './cli.ts'
import type { Changes, Engine, Listen, StackRequest } from './engine.ts'
import { changesOf, createEventLog, noChanges, type EventLog } from './events.ts'
import { failureOf } from './failures.ts'
import type { LockedStack } from './locks.ts'
import { refusePending } from './pending.ts'
import { recoverStack } from './recovery.ts'
import { openStack, revealAll, type EngineOptions, type Open, type StackSession } from './session.ts'

export type { EngineOptions } from './session.ts'

/** No operation on one layer takes this long: the runbook gives a node 15 minutes. */
const longestMs = 30 * 60_000

const quiet: Listen = () => {}
const options = { color: 'never', showSecrets: false } as const

type Operation = { readonly request: StackRequest; readonly open: Open; readonly log: EventLog; readonly at: LockedStack }

/** An engine for one project. It does nothing before its first call. */
export function createEngine(settings: EngineOptions): Engine {
  const turns = new Map<string, Promise<unknown>>()
  let found: Promise<Cli> | null = null

  function cli(): Promise<Cli> {
    found ??= findCli(settings.pulumiRoot, settings.environment, AbortSignal.timeout(30_000))
    // Not remembered: it may be installed before the next call.
    found.catch(() => (found = null))
    return found
  }

  /** Calls for one stack run one after the other: they share its folder. */
  function inTurn<T>(request: StackRequest, listen: Listen, signal: AbortSignal, act: (operation: Operation) => Promise<T>): Promise<T> {
    const before = turns.get(request.stack) ?? Promise.resolve()
    const turn = before.then(() => guarded(request, listen, signal, act))
    const settled = turn.catch(() => {})
    turns.set(request.stack, settled)
    return turn
  }

  async function guarded<T>(request: StackRequest, listen: Listen, signal: AbortSignal, act: (operation: Operation) => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const deadline = AbortSignal.timeout(longestMs)
    const { environment, secrets } = revealAll({ ...settings.environment, ...request.environment })
    const log = createEventLog(listen)
    try {
      const open = await openStack(settings, request, { cli: await cli(), environment, signal: AbortSignal.any([signal, deadline]) })
      return await act({ request, open, log, at: { ...settings, stack: request.stack } })
    } catch (error) {
      // The engine wraps an abort in errors of its own.
      signal.throwIfAborted()
      if (deadline.aborted) throw new LifeboatError('timeout', `The operation on stack ${request.stack} did not end within ${longestMs / 60_000} minutes.`)
      const hidden = [...secrets, settings.passphrase.reveal()]
      throw failureOf(error, { stack: request.stack, diagnostics: log.diagnostics(), readFailure: request.readFailure, secrets: hidden })
    }
  }

  return {
    preview: (request, signal) => inTurn(request, quiet, signal, preview),
    up: (request, listen, signal) => inTurn(request, listen, signal, up),
    drift: (request, signal) => inTurn(request, quiet, signal, drift),
    outputs: (request, signal) => inTurn(request, quiet, signal, outputs),
    destroy: (request, listen, signal) => inTurn(request, listen, signal, destroy),
    recover: (request, find, signal) =>
      inTurn(request, quiet, signal, ({ open }) => recoverStack({ ...settings, ...open, stack: request.stack, find, signal })),
  }
}

async function preview({ open, log }: Operation): Promise<Changes> {
  const { stack } = await open.orCreate()
  const { changeSummary } = await stack.preview({ ...options, refresh: true, onEvent: log.onEvent })
  return changesOf(changeSummary)
}

async function up({ open, log, at }: Operation) {
  const session = await open.orCreate()
  await refusePending(at, session)
  const result = await session.stack.up({ ...options, refresh: true, onEvent: log.onEvent })
  const shown = Object.entries(result.outputs).map(([name, { value, secret }]) => [name, secret ? '[secret]' : value] as const)
  return { changes: log.changes(), outputs: Object.fromEntries(shown) }
}

async function drift({ open, log }: Operation) {
  const session = await open.orNull()
  if (session === null) return { changes: noChanges, resources: [] }
  const { changeSummary } = await session.stack.previewRefresh({ ...options, onEvent: log.onEvent })
  return { changes: changesOf(changeSummary), resources: log.changed() }
}

async function outputs({ open }: Operation) {
  const session = await open.orNull()
  if (session === null) return null
  const all = await outputsOf(session)
  return Object.keys(all).length === 0 ? null : all
}

async function destroy({ open, log, at }: Operation): Promise<Changes> {
  const session = await open.orNull()
  if (session === null) return noChanges
  await refusePending(at, session)
  // Volumes are protected so that no `up` can replace them. Whoever calls this has made sure that they hold nothing.
  await session.run('state', 'unprotect', '--all', '--yes')
  await session.stack.destroy({ ...options, onEvent: log.onEvent })
  return log.changes()
}

async function outputsOf(session: StackSession): Promise<Record<string, unknown>> {
  return JSON.parse(await session.run('stack', 'output', '--json'))
}
