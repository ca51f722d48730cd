// The engine on Pulumi: programs run inline, in this process (session.ts), its CLI as a child (cli.ts).
import { LifeboatError } from '../core/errors.ts'
import { findCli, type Cli } from './cli.ts'
import { driftOf, type LookApart } from './drift.ts'
import type { Changes, Engine, Listen, StackRequest, Turn } from './engine.ts'
import { changesOf, createEventLog, noChanges, type EventLog } from './events.ts'
import { failureOf } from './failures.ts'
import type { LockedStack } from './locks.ts'
import { exportState, importState, refusePending, released } from './pending.ts'
import { recoverStack } from './recovery.ts'
import { openStack, revealAll, type EngineOptions, type Open } from './session.ts'
import { outputsIn, storedState } from './stored-state.ts'
import { awaitLeft, noTurns, pastLeftLocks, takeTurn, type Past } from './turn.ts'

export type { EngineOptions } from './session.ts'

/** No operation on one layer takes this long: the runbook gives a node 15 minutes. */
const longestMs = 30 * 60_000

const quiet: Listen = () => {}
const options = { color: 'never', showSecrets: false } as const

type Operation = { readonly request: StackRequest; readonly open: Open; readonly log: EventLog; readonly at: LockedStack }
type Change = Operation & Pick<Past, 'turn' | 'tell'> & { readonly signal: AbortSignal }

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
  function inLine<T>(request: StackRequest, act: () => Promise<T>): Promise<T> {
    const call = (turns.get(request.stack) ?? Promise.resolve()).then(act)
    turns.set(
      request.stack,
      call.catch(() => {}),
    )
    return call
  }

  function look<T>(request: StackRequest, signal: AbortSignal, act: (operation: Operation) => Promise<T>): Promise<T> {
    return inLine(request, async () => await guarded({ settings, cli, request, listen: quiet, signal, turn: null }, act))
  }

  /** What takes the lock of the stack: in turn with other processes, too. */
  function change<T>(request: StackRequest, listen: Listen, signal: AbortSignal, act: (operation: Change) => Promise<T>): Promise<T> {
    return inLine(request, async () => {
      const turn = await takeTurn(settings.turns ?? noTurns, { project: settings.project, name: request.stack }, listen, signal)
      try {
        const tell = (text: string): void => listen({ resource: `Stack ${request.stack}`, state: 'done', text })
        return await guarded({ settings, cli, request, listen, signal, turn }, async (operation) => await act({ ...operation, turn, tell, signal }))
      } finally {
        await turn.release()
      }
    })
  }

  /** A stack that only this process knows. */
  const lookApart: LookApart = (request, signal, act, apart) =>
    inLine(request, async () => await guarded({ settings: { ...settings, ...apart }, cli, request, listen: quiet, signal, turn: null }, act))

  return {
    preview: (request, signal) => look(request, signal, preview),
    up: (request, listen, signal) => change(request, listen, signal, up),
    drift: (requests, kinds, signal) => driftOf({ settings, look, lookApart }, requests, kinds, signal),
    outputs: (request, signal) => look(request, signal, outputs),
    destroy: (request, listen, signal) => change(request, listen, signal, destroy),
    release: (request, signal) => change(request, quiet, signal, release),
    recover: (request, find, signal) =>
      change(request, quiet, signal, ({ open, turn }) => recoverStack({ ...settings, ...open, turn, stack: request.stack, find, signal })),
  }
}

type Call = {
  readonly settings: EngineOptions
  readonly cli: () => Promise<Cli>
  readonly request: StackRequest
  readonly listen: Listen
  readonly signal: AbortSignal
  readonly turn: Turn | null
}

/** Opens the stack and acts, within the time that there is for it; what fails comes out in words for people. */
async function guarded<T>({ settings, cli, request, listen, signal, turn }: Call, act: (operation: Operation) => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const deadline = AbortSignal.timeout(longestMs)
  const { environment, secrets } = revealAll({ ...settings.environment, ...request.environment })
  const log = createEventLog(listen)
  const { noted, refusal } = noting(request)
  try {
    const open = await openStack(settings, noted, { cli: await cli(), environment, turn, signal: AbortSignal.any([signal, deadline]) })
    return await act({ request, open, log, at: { ...settings, stack: request.stack } })
  } catch (error) {
    // The engine wraps an abort in errors of its own.
    signal.throwIfAborted()
    if (deadline.aborted) throw new LifeboatError('timeout', `The operation on stack ${request.stack} did not end within ${longestMs / 60_000} minutes.`)
    const own = refusal()
    if (own !== null) throw own
    const hidden = [...secrets, settings.passphrase.reveal(), ...passwordIn(settings.backendUrl)]
    throw failureOf(error, { stack: request.stack, diagnostics: log.diagnostics(), readFailure: request.readFailure, secrets: hidden })
  }
}

/** Of what its program refuses itself the engine would only tell that the program failed. */
function noting(request: StackRequest): { readonly noted: StackRequest; readonly refusal: () => LifeboatError | null } {
  let refused: LifeboatError | null = null
  const program: StackRequest['program'] = async () => {
    try {
      return await request.program()
    } catch (error) {
      if (error instanceof LifeboatError) refused = error
      throw error
    }
  }
  return { noted: { ...request, program }, refusal: () => refused }
}

/** Of a database: the engine shows the whole URL when it cannot reach it. As it is written, and as it is meant. */
function passwordIn(url: string): readonly string[] {
  const { password } = URL.parse(url) ?? { password: '' }
  return password === '' ? [] : [password, decodeURIComponent(password)]
}

async function preview({ open, log }: Operation): Promise<Changes> {
  const { stack } = await open.orCreate()
  const { changeSummary } = await stack.preview({ ...options, refresh: true, onEvent: log.onEvent })
  return changesOf(changeSummary)
}

async function up({ open, log, at, turn, tell, signal }: Change) {
  const session = await open.orCreate()
  for (const text of await awaitLeft(turn, session.workDir, signal)) tell(text)
  await refusePending(at, session)
  const result = await pastLeftLocks({ turn, session, tell }, () => session.stack.up({ ...options, refresh: true, onEvent: log.onEvent }))
  const shown = Object.entries(result.outputs).map(([name, { value, secret }]) => [name, secret ? '[secret]' : value] as const)
  return { changes: log.changes(), outputs: Object.fromEntries(shown) }
}

async function outputs({ at, open }: Operation) {
  const state = await storedState(at, open)
  const all = state === null ? {} : outputsIn(state)
  return Object.keys(all).length === 0 ? null : all
}

async function destroy({ open, log, at, turn, tell, signal }: Change): Promise<Changes> {
  const session = await open.orNull()
  if (session === null) return noChanges
  for (const text of await awaitLeft(turn, session.workDir, signal)) tell(text)
  await refusePending(at, session)
  await pastLeftLocks({ turn, session, tell }, () => session.stack.destroy({ ...options, onEvent: log.onEvent }))
  return log.changes()
}

async function release({ open, at, turn, tell, signal }: Change): Promise<void> {
  const session = await open.orNull()
  if (session === null) return
  for (const text of await awaitLeft(turn, session.workDir, signal)) tell(text)
  await refusePending(at, session)
  await pastLeftLocks({ turn, session, tell }, async () => await importState(released(await exportState(session)), session))
}
