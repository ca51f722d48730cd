// What workflows need of infrastructure. One implementation (pulumi.ts) knows the engine behind it.
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

export type Changes = { readonly create: number; readonly update: number; readonly replace: number; readonly delete: number; readonly same: number }
/** `resource` is for people (`Instance web-1`), `text` says what is done to it or why it failed. */
export type EngineEvent = { readonly resource: string; readonly state: 'running' | 'done' | 'failed'; readonly text: string }
export type Listen = (event: EngineEvent) => void

/**
 * All calls are safe to repeat; calls for one stack run one after the other. An abort ends the engine in order and
 * rethrows the signal's reason.
 *
 * `up` looks at the cloud first, so it also repairs drift. `up` and `destroy` never run over an unresolved pending
 * create: they fail with provision-failed until `recover` has resolved each. `destroy` of nothing succeeds; whoever
 * calls it has made sure that the node holds no data.
 *
 * Fails with target-refused, target-unreachable, tool-missing, provision-busy (a lock of somebody else, with who holds
 * it since when) or provision-failed with the first sentence of the provider.
 */
export type Engine = {
  readonly preview: (request: StackRequest, signal: AbortSignal) => Promise<Changes>
  readonly up: (request: StackRequest, listen: Listen, signal: AbortSignal) => Promise<{ readonly changes: Changes; readonly outputs: Outputs }>
  /** What differs between the cloud and what was declared; changes nothing. */
  readonly drift: (request: StackRequest, signal: AbortSignal) => Promise<{ readonly changes: Changes; readonly resources: readonly string[] }>
  /** Of the last `up`; null: there was none. */
  readonly outputs: (request: StackRequest, signal: AbortSignal) => Promise<Outputs | null>
  readonly destroy: (request: StackRequest, listen: Listen, signal: AbortSignal) => Promise<Changes>
  /**
   * Tidies up after a controller that died: ends what it left running, removes its lock, and resolves each pending
   * create: adopted when `find` gives its id, else forgotten. Answers what it did, a sentence each. Fails with
   * provision-busy while another controller of this host, or any other host, is at work.
   */
  readonly recover: (
    request: StackRequest,
    find: (pending: Pending, signal: AbortSignal) => Promise<string | null>,
    signal: AbortSignal,
  ) => Promise<readonly string[]>
}
