// A mover keeps one kind of data in step between two sides. Freeze and thaw are not its business: they belong to the node.
import type { z } from 'zod'

/** One side of a copy, as a mover sees it. Commands run there through `run`, which fails with ssh-… or node-failed. */
export type Side = {
  readonly name: 'source' | 'target'
  /** Where the *other side* reaches this one, by ssh. */
  readonly address: string
  readonly port: number
  readonly user: string
  /** Runs a program on the node; arguments are passed as they are, never through a shell's eyes. */
  readonly run: (command: readonly string[], options: RunOptions) => Promise<RunResult>
  /** Speaks to the helper of the node (docs/helper-protocol.md). */
  readonly call: (request: HelperRequest, signal: AbortSignal) => Promise<HelperAnswer>
  /** This side reaches the other one's ssh through the controller alone (`relay` of docs/helper-protocol.md). */
  readonly relayed?: boolean
  /** How this machine reaches the node, for ssh_config(5) under this name of a host. */
  readonly sshConfig: (host: string) => string
  /** The folder of the helper on the node, without a trailing slash. */
  readonly folder: string
  /** The attempt that a switch has opened; absent outside of one. */
  readonly attempt?: number
}

export type RunOptions = { readonly signal: AbortSignal; readonly deadlineMs?: number; readonly input?: string; readonly onLine?: (line: string) => void }
export type RunResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string }
export type HelperRequest = { readonly op: string } & Readonly<Record<string, unknown>>
export type HelperAnswer = Readonly<Record<string, unknown>>

/** Direction of a pass: data flows from `from` to `to`. Reverse sync exchanges the two. */
export type Pair = {
  readonly from: Side
  readonly to: Side
  /** Megabits a second that this pass may take at most, as others copy beside it; absent: no limit but the mover's own. */
  readonly linkMbps?: number
}

export type Pass = {
  /** What this pass carried over. */
  readonly movedBytes: number
  readonly movedFiles: number
  /** What is known to be missing still; null when it cannot be known. */
  readonly remainingBytes: number | null
  /** Age of the oldest change that is not over there yet, at the end of the pass. */
  readonly lagSeconds: number
  readonly seconds: number
}

/**
 * `final` is the pass in the freeze: nothing writes, so a vanished file is an error and nothing may remain. `audit` trusts
 * neither sizes nor times: it finds what a loss of power made of a file that looks complete. What a pass has carried over
 * survives a loss of power when it answers.
 */
export type PassKind = 'first' | 'repeat' | 'audit' | 'final'

export type Difference = { readonly path: string; readonly what: string }

/**
 * `whole`: everything, before the switch. `changed`: what has changed since both sides were last found equal, or everything
 * where that is not known. `afterwards`: everything, after the switch; what it finds must not change what later passes
 * carry, as the side that does not serve may have what the other one lost.
 */
export type AuditKind = 'whole' | 'changed' | 'afterwards'

/** What a comparison of two sides in use has found: real differences only. `unknown`: what changes meanwhile is not known. */
export type Audit =
  | { readonly kind: 'everything' | 'changed'; readonly files: number; readonly seconds: number; readonly differences: readonly Difference[] }
  | { readonly kind: 'unknown'; readonly why: string }

/** What was kept aside: `items` are the first of them, `at` by the clock of their side. `text`: for people, a sentence. */
export type Salvaged = {
  readonly count: number
  readonly bytes: number
  readonly items: readonly { readonly name: string; readonly bytes: number; readonly at: string }[]
  /** Where it lies on that side; null: there was nothing. */
  readonly place: string | null
  readonly text: string
}

/** Each method is safe to repeat after a crash; `sync` may be called for ever; `release` twice is fine. */
export type Mover = {
  /** Checks both sides (tools, space, roots) and reads what a pass will cost. Changes nothing that a client could see. */
  readonly prepare: (pair: Pair, signal: AbortSignal) => Promise<Prepared>
  readonly sync: (pair: Pair, kind: PassKind, signal: AbortSignal, onProgress: (text: string) => void) => Promise<Pass>
  /** Right before the freeze, while the giving side is in use: what would have to be done in there otherwise. */
  readonly brace?: (pair: Pair, signal: AbortSignal) => Promise<void>
  /**
   * Compares what is not known to be equal; an empty list means that both sides are. Called in the freeze, so it should
   * cost what has changed; when it looks at everything it says so by `onProgress`.
   */
  readonly verify: (pair: Pair, signal: AbortSignal, onProgress: (text: string) => void) => Promise<readonly Difference[]>
  /** Compares both sides while the giving one is in use. Absent: what `verify` compares is everything there is. */
  readonly audit?: (pair: Pair, kind: AuditKind, signal: AbortSignal) => Promise<Audit>
  /**
   * Makes the receiving side the one that may be written; its verdict is on disk, its services have not started. For files
   * nothing to do: the node opens.
   */
  readonly promote: (pair: Pair, signal: AbortSignal) => Promise<void>
  /** Turns the direction round right after the switch: from now on `pair.to`, which serves, is followed by `pair.from`. */
  readonly reverse: (pair: Pair, signal: AbortSignal) => Promise<void>
  /**
   * After a fail-over, before anything is written to `pair.to`, which was given up and is closed: keeps aside there what it has
   * and `pair.from`, which serves, lacks. `since`: by its own clock; what it had before, the other side has; null: not known.
   * `label`: for the place, the same in each try. Absent: nobody knows how, and such a side is not written to.
   */
  readonly salvage?: (pair: Pair, given: { readonly since: string | null; readonly label: string }, signal: AbortSignal) => Promise<Salvaged>
  /**
   * Databases only: takes in all that has arrived here from the other side, which is cut off for good, and tells how far that
   * reaches. What was written there after it is lost.
   */
  readonly catchUp?: (side: Side, signal: AbortSignal) => Promise<Reached>
  /**
   * Databases only: commands by which the node itself ends its being written, also after a restart, and takes that back, for
   * the day on which the other side takes over without it. Asked for once this side has what they need.
   */
  readonly closing?: (side: Side, signal: AbortSignal) => Promise<Closing>
  /** Why the other side cannot take over without this one: the rest of a sentence. Absent: it can. */
  readonly needsGiver?: string
  /** Databases only: runs one statement on this side, for a check of kind `sql`. Fails with the server's own words. */
  readonly ask?: (side: Side, statement: string, signal: AbortSignal) => Promise<void>
  /**
   * Ends what it keeps running and removes what it left, except data. `pair.from` serves and comes first; the other side may
   * be dead.
   */
  readonly release: (pair: Pair, signal: AbortSignal) => Promise<void>
}

/** `text`: the rest of a sentence. */
export type Reached = { readonly text: string; readonly details: Readonly<Record<string, unknown>> }
export type Closing = { readonly close: readonly string[]; readonly open: readonly string[] }

export type Prepared = {
  readonly files: number
  readonly bytes: number
  readonly warnings: readonly string[]
  /** How it will travel and how long that takes, for people: the rest of a sentence. */
  readonly said?: string
  /** The same for machines. */
  readonly figures?: Readonly<Record<string, unknown>>
}

/** One line of `adapters.ts` for each kind: its keys in lifeboat.yaml, and how to make one of an entry under `data:`. */
export type MoverAdapter<Schema extends z.ZodType = z.ZodType> = {
  readonly schema: Schema
  /** `folder`: of lifeboat.yaml, where a person's commands run; default: the current one. */
  readonly connect: (config: z.infer<Schema>, folder?: string) => Promise<Mover>
  /** Of a database, whose own state is its guard: a replica cannot be written. */
  readonly claims?: (config: z.infer<Schema>) => Claims
  /** Of a folder tree: what the helpers of both sides watch and receive; patterns of rsync, relative to the path. */
  readonly root?: (config: z.infer<Schema>) => TreeRoot
}

/** What a database has to itself on both sides, known from its configuration alone. */
export type Claims = {
  /** Where it listens on loopback. The other side reaches it at `wayTo(port)` of its own loopback (core/way.ts). */
  readonly port: number
  /** Units that the mover stops and starts: they are among neither services nor singletons. */
  readonly units: readonly string[]
  /** Folders that it alone carries over. */
  readonly folders: readonly string[]
}

export type TreeRoot = { readonly path: string; readonly exclude: readonly string[] }
