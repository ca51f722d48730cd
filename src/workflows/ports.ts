// What the workflows need of the rest, for one move. The app builds it from adapters, configuration and secrets; a
// workflow never sees an adapter, a file or a secret.
import type { DnsProvider, NameState } from '../dns/provider.ts'
import type { Claims, Mover, TreeRoot } from '../movers/mover.ts'
import type { Link } from '../nodes/link.ts'
import type { Fencing } from './fencing.ts'
import type { EngineEvent } from '../provision/engine.ts'
import type { Node, Notice } from '../core/node.ts'
import type { MoveFacts, MoveSettings, SideName } from '../core/stored-move.ts'
import type { PlannedMove } from '../core/plan.ts'
import type { Limits } from '../core/slots.ts'

/** A link to a helper that was claimed, and the token. */
export type Claimed = (signal: AbortSignal) => Promise<{ readonly link: Pick<Link, 'address' | 'call'>; readonly token: number }>

export type TargetAddress = { readonly address: string; readonly privateAddress: string | null; readonly id: string }

export type Ports = {
  readonly settings: MoveSettings
  readonly plan: PlannedMove
  /** Of the configuration with which the move was begun. */
  readonly limits: Limits
  /** Asks the old provider for the node; null when it answers but has no such node. */
  readonly lookUp: (signal: AbortSignal) => Promise<Node | null>
  /** What was last stored about it, for the day when the provider is dead. */
  readonly stored: () => Promise<Node | null>
  /** Looks inside the source: what runs or is written there and is not named by the move. Fails as ssh does. */
  readonly notNamed: (signal: AbortSignal) => Promise<readonly Notice[]>
  readonly retire: (signal: AbortSignal) => Promise<string>
  readonly provision: (listen: (event: EngineEvent) => void, signal: AbortSignal) => Promise<TargetAddress>
  /** Marks the target's volume at the provider as holding data, before the first byte. */
  readonly markHoldsData: (signal: AbortSignal) => Promise<void>
  /** What of the target is not as it was declared, named for people; nothing where nothing was declared. Changes nothing. */
  readonly drift: (signal: AbortSignal) => Promise<readonly string[]>
  readonly deprovision: (signal: AbortSignal) => Promise<void>
  /** What can cut the source off, in the order of `fence:`. `claimed`: the way to its helper, for those that need it. */
  readonly fencing: (claimed: Claimed) => Fencing
  /** Asks the guards of a fail-over that was decided, right before the act; does nothing for one that a person began by hand. Fails with gate-closed. */
  readonly refuseFailover: (moment: 'fence' | 'promote', at: { readonly facts: MoveFacts; readonly token: number }) => Promise<void>
  /** Whether the provider of a side says that it runs no more. Null: it does not tell, or cannot be asked. */
  readonly isOff: (side: SideName, facts: MoveFacts, signal: AbortSignal) => Promise<boolean | null>
  readonly link: (side: SideName, facts: MoveFacts) => Promise<Link>
  readonly movers: readonly { readonly name: string; readonly mover: Mover }[]
  /** What those of them that are databases have to themselves. */
  readonly databases: readonly Claims[]
  /** The folder trees among them. */
  readonly roots: readonly TreeRoot[]
  readonly names: readonly { readonly name: string; readonly provider: DnsProvider }[]
  /** Asks caches what clients are told; `states` are what the authorities tell. Null: nobody answers. */
  readonly askCaches: (states: readonly NameState[], signal: AbortSignal) => Promise<MoveFacts['cached']>
}

/** Opens the ports of a move; waits for credentials where the controller does not have them yet. */
export type OpenPorts = (settings: MoveSettings, plan: PlannedMove, wait: WaitForCredentials) => Promise<Ports>
export type WaitForCredentials = { readonly signal: AbortSignal; readonly onWait: (reference: string) => void }
