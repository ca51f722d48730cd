// The contracts of a place where nodes live or could live. A provider kind implements Source, Target, Fence, or several
// of them. Promises that hold for every implementation are written here; test/conformance/ runs them.
import type { z } from 'zod'
import type { Found } from '../core/doctor/finding.ts'
import type { Fence } from '../core/fence.ts'
import type { Node, Notice } from '../core/node.ts'
import type { Catalog, PlannedMove } from '../core/plan.ts'
import type { Secret } from '../core/secret.ts'
import type { Peer } from '../io/http.ts'

/**
 * Where nodes run today. Idempotent; never deletes. A partial answer is marked (`complete: false` and a warning each),
 * a missing value is null and named in `unknown`: never zero, never guessed.
 * Fails with source-unreachable, source-login, source-refused, certificate-untrusted or answer-malformed.
 */
export type Source = {
  /** All nodes that the account may see. Restarts by itself, once, when the session is lost half-way. */
  readonly nodes: (signal: AbortSignal) => Promise<SourceAnswer>
  /** Brings a node's power to the wanted state and reads it back; already so is success. Off tries the guest's own shutdown first. */
  readonly power: (id: string, wanted: 'on' | 'off', signal: AbortSignal) => Promise<void>
  /** Takes a snapshot with this name unless one of that name exists. */
  readonly snapshot: (id: string, name: string, signal: AbortSignal) => Promise<void>
  /** Connects or disconnects all network cards of a node, confirmed by read-back. */
  readonly network: (id: string, wanted: 'connected' | 'disconnected', signal: AbortSignal) => Promise<void>
  /** Logs in and asks who is there. Absent where nobody answers for the nodes (a list in the configuration). */
  readonly about?: (signal: AbortSignal) => Promise<About>
  /** Rights of `Notes.rights` that the account lacks on these nodes; null: it cannot be asked. Absent where the API does not tell. */
  readonly lacking?: (ids: readonly string[], signal: AbortSignal) => Promise<readonly LackingRight[] | null>
  /** Ends the session. Twice is fine. */
  readonly close: () => Promise<void>
}

export type About = {
  /** Name and version in the provider's own words; null: it does not say. */
  readonly product: string | null
  readonly apiVersion: string | null
  readonly peer: Peer
}

export type LackingRight = { readonly node: string; readonly right: string }

export type SourceAnswer = { readonly nodes: readonly Node[]; readonly complete: boolean; readonly warnings: readonly Notice[] }

/** Output values by name; those of Pulumi are resolved by the engine before anybody reads them. */
export type Outputs = Readonly<Record<string, unknown>>

/** What every created object carries, so that it is found again after a crash. `stack` is the engine's name of the stack. */
export type Ownership = { readonly project: string; readonly stack: string; readonly move: string | null; readonly run: string }

/** What a program of a target is given besides its move. */
export type Given = {
  readonly owner: Ownership
  /** Resolved outputs of the shared program; empty in the shared program itself. */
  readonly shared: Outputs
  /** Resolved outputs of the data program of this move; empty in it and before it, and where there is none. */
  readonly data: Outputs
  /** Public keys that may log in on the nodes, in the form of authorized_keys. */
  readonly authorizedKeys: readonly string[]
}

/** Something that was asked for but never confirmed: the engine died in between. It may exist, or not. */
export type Pending = {
  readonly urn: string
  readonly type: string
  readonly name: string
  /** What was asked for, as it stands in the state: secrets are ciphertext. */
  readonly inputs: Readonly<Record<string, unknown>>
}

/** What a message of the provider says: it refuses (quota, capacity), or nobody can talk to it (credentials, network). Null: something else. */
export type ReadFailure = (message: string) => 'refused' | 'unreachable' | null

/**
 * Where nodes could run. The programs are pure; `stacks/` compose them into layers. A kind that creates nothing
 * (static) has no shared and no data program, registers nothing in `component`, finds nothing and keeps its mark on the node.
 */
export type Target = {
  /** Sizes with their figures and monthly prices, with the date of the data. */
  readonly catalog: () => Catalog
  /** The program of what all moves to this provider share (network), or null. */
  readonly shared: ((given: Given) => Promise<Outputs>) | null
  /**
   * The program of one move's data volumes, in a stack of its own, so that the node can go while they stay: protected, and
   * kept even when the engine loses them. Null: they are a part of the node, or nothing is created.
   */
  readonly data: ((move: PlannedMove, given: Given) => Promise<Outputs>) | null
  /** The program of one move's node, which attaches what `given.data` names. */
  readonly component: (move: PlannedMove, given: Given) => Promise<Outputs>
  /** The addresses of the node from the resolved outputs: where clients reach it, and its private one if it has one. */
  readonly address: (outputs: Outputs) => { readonly public: string; readonly private: string | null }
  /** What the engine needs for this provider; secret values are revealed by the engine only. */
  readonly engine: { readonly environment: Readonly<Record<string, string | Secret>>; readonly readFailure: ReadFailure }
  /** The id under which the engine adopts this object, found by the tags of its owner; null: it does not exist. Fails with target-unreachable. */
  readonly find: (pending: Pending, signal: AbortSignal) => Promise<string | null>
  /** Says at the provider that this node holds data, before the first byte comes; read back. Safe to repeat; `up` leaves it alone. */
  readonly markHoldsData: (outputs: Outputs, signal: AbortSignal) => Promise<void>
  /** Whether the provider says that this node holds data. A node that is gone holds none. */
  readonly holdsData: (outputs: Outputs, signal: AbortSignal) => Promise<boolean>
  /** Where its credentials and configuration lead now; the shared program answers the same as `account` and `region`. Absent where there is but one place. */
  readonly place?: (signal: AbortSignal) => Promise<Place>
  /** Whether this node (its `instanceId`) runs no more: stopped or gone, as read. Absent where nobody can tell. */
  readonly isOff?: (id: string, signal: AbortSignal) => Promise<boolean>
  /** What its API tells of the account, its rights and its quotas, and of the images and sizes of these moves. Changes nothing. */
  readonly examine?: (moves: readonly PlannedMove[], signal: AbortSignal) => Promise<readonly Found[]>
}

/** Where credentials and configuration lead. `account`: as the provider numbers it; null: it shows nothing of its own. */
export type Place = { readonly account: string | null; readonly region: string }

/** What an operator must know of a kind beside its keys. Its page in docs/providers has the same rights, and tells more. */
export type Notes = {
  /** `for`: what cannot be done without it. */
  readonly rights: readonly { readonly for: string; readonly right: string }[]
  readonly cannotTell: readonly string[]
}

/**
 * One line of `adapters.ts` for each kind: its own configuration keys (with `.describe` on each, they become prompts and
 * documentation), and how to load it. Loading is lazy so that `--help` stays fast.
 */
export type ProviderAdapter<Schema extends z.ZodType = z.ZodType> = {
  readonly schema: Schema
  readonly notes?: Notes
  /** Nodes there are made and declared with Pulumi; absent: they exist already. */
  readonly declares?: true
  /** The built-in list of sizes and prices, for who is no customer there yet. Absent: there is none. */
  readonly priceList?: () => Promise<Catalog>
  readonly source?: (name: string, config: z.infer<Schema>) => Promise<Source>
  readonly target?: (name: string, config: z.infer<Schema>, project: string) => Promise<Target>
  readonly fence?: (name: string, config: z.infer<Schema>) => Promise<Fence>
}
