// What workflows need of infrastructure. One implementation (pulumi.ts) knows the engine behind it.
import type { Difference, DriftKind } from '../core/drift.ts'
import type { Secret } from '../core/secret.ts'
import type { Outputs, Pending, ReadFailure } from '../providers/provider.ts'

export type { Pending } from '../providers/provider.ts'

/** A stack is named `<layer>-<provider or move>`; the project is that of lifeboat.yaml. */
export type StackRequest = {
  readonly stack: string
  /** The program: registers resources, answers outputs. A pure function of the plan. */
  readonly program: () => Promise<Outputs>
  /** What the provider's plugin needs; secret values are revealed only into the engine's environment. */
  readonly environment: Readonly<Record<string, string | Secret>>
  /** How to read what the provider says when it fails. */
  readonly readFailure: ReadFailure
}

/** `exists`: it was brought up and not destroyed since. */
export type StackDrift = { readonly stack: string; readonly exists: boolean; readonly differences: readonly Difference[] }

export type Changes = { readonly create: number; readonly update: number; readonly replace: number; readonly delete: number; readonly same: number }
/** `resource` is for people (`Instance web-1`), `text` says what is done to it, why it failed, or who is waited for: that again and again. */
export type EngineEvent = { readonly resource: string; readonly state: 'running' | 'done' | 'failed' | 'waiting'; readonly text: string }
export type Listen = (event: EngineEvent) => void

/**
 * All calls are safe to repeat; calls for one stack run one after the other, those that change it over all processes
 * (Turns). An abort ends the engine in order and rethrows the signal's reason.
 *
 * `up` looks at the cloud first, so it also repairs drift. `up` and `destroy` never run over an unresolved pending
 * create: they fail with provision-failed until `recover` has resolved each. `destroy` of nothing succeeds. It fails over
 * what is protected, and leaves at the provider what is to be kept there; whoever calls `release` before it has made sure
 * that the stack holds no data.
 *
 * Fails with target-refused, target-unreachable, tool-missing, provision-busy (a lock of somebody else, with who holds
 * it since when) or provision-failed with the first sentence of the provider.
 */
export type Engine = {
  readonly preview: (request: StackRequest, signal: AbortSignal) => Promise<Changes>
  readonly up: (request: StackRequest, listen: Listen, signal: AbortSignal) => Promise<{ readonly changes: Changes; readonly outputs: Outputs }>
  /** What of these stacks is no longer as it was declared, in their order; changes nothing. Many cost little more than one. */
  readonly drift: (requests: readonly StackRequest[], kinds: readonly DriftKind[], signal: AbortSignal) => Promise<readonly StackDrift[]>
  /** Of the last `up`; null: there was none. */
  readonly outputs: (request: StackRequest, signal: AbortSignal) => Promise<Outputs | null>
  readonly destroy: (request: StackRequest, listen: Listen, signal: AbortSignal) => Promise<Changes>
  /** Takes off what keeps the objects of this stack from being destroyed. The next `up` declares it again. */
  readonly release: (request: StackRequest, signal: AbortSignal) => Promise<void>
  /**
   * Tidies up after a controller that died: ends what it left running, removes its lock, and resolves each pending
   * create: adopted when `find` gives its id, else forgotten. Answers what it did, a sentence each. Fails with
   * provision-busy while somebody is at work who takes no turns with us.
   */
  readonly recover: (
    request: StackRequest,
    find: (pending: Pending, signal: AbortSignal) => Promise<string | null>,
    signal: AbortSignal,
  ) => Promise<readonly string[]>
}

/** A run of the engine's program, by what its lock says of it. `place`: machine, its boot, and the folder of the stack. */
export type EngineRun = { readonly host: string; readonly pid: number; readonly place: string }

/**
 * A run that was begun on a stack and never said to have ended in order: its lock may stand. `silentMs`: how long the
 * process that began it has not been heard of; null: it lives and has ended the run.
 */
export type LeftRun = EngineRun & { readonly silentMs: number | null }

export type Turn = {
  /** When the turn was taken. */
  readonly left: readonly LeftRun[]
  /** Before a run begins. Fails with executor-replaced when this process was declared dead: it must not begin then. */
  readonly begin: (run: EngineRun) => Promise<void>
  /** It ended in order, and has no lock any more. */
  readonly end: (run: EngineRun) => Promise<void>
  /** No lock stands now: neither of those that were left, nor of runs in this turn. */
  readonly clear: () => Promise<void>
  readonly release: () => Promise<void>
}

/**
 * Who may change a stack, among processes that know of each other. The engine's own lock is a file without a lease: it
 * cannot tell whether its maker is alive. A turn is free again once the process that has it is gone.
 */
export type Turns = {
  /** The turn, or who has it. */
  readonly take: (stack: string) => Promise<Turn | { readonly holder: string }>
}
