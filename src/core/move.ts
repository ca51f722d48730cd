// A move as somebody wants it: one entry under `moves:` after defaults and providers have filled the gaps. The plan
// makes a PlannedMove of it (plan.ts); what a running move keeps of both are its settings (stored-move.ts).
import type { Secret } from './secret.ts'
import type { Money } from './plan.ts'
import type { SharedFreeze } from './shared-freeze.ts'
import type { Window } from './window.ts'
import type { MoveSettings, SshSettings, StoredCheck } from './stored-move.ts'

export type SshAccess = SshSettings & {
  /** Null: what the provider says. */
  readonly address: string | null
  /** Contents of a private key, for the agent of a run; null: `keyFile`, or whatever the agent offers. */
  readonly keyContents: Secret | null
}

type FenceRung = { readonly kind: 'provider' } | { readonly kind: 'ssh' } | { readonly kind: 'hook'; readonly command: string; readonly deadlineMs: number }

/** One kind of data with the keys of its mover. `name` is unique in the move. */
type MoveData = { readonly kind: string; readonly name: string } & Readonly<Record<string, unknown>>

export type Move = {
  readonly name: string
  readonly project: string
  /** Exactly one of id and name is set. */
  readonly from: {
    readonly provider: string
    readonly id: string | null
    readonly name: string | null
    /** As its owner says: no provider tells what a node costs there. */
    readonly monthlyCost?: Money
  }
  readonly to: {
    readonly provider: string
    /** `auto`, `fit`, or a size of the provider. */
    readonly size: string
    readonly image: string | null
    /** GiB of the data volume; null: as large as the data disks of the source. */
    readonly diskGiB: number | null
    /** Name or id of a node that exists already, at a provider that creates none; null: the one called like the move. */
    readonly node: string | null
  }
  readonly ssh: { readonly source: SshAccess; readonly target: SshAccess }
  readonly downtimeBudgetMs: number
  readonly reverseSync: boolean
  readonly finish: MoveSettings['finish']
  readonly data: readonly MoveData[]
  /** Unit names with their suffix, in the order in which they stop. */
  readonly services: readonly string[]
  readonly singletons: readonly string[]
  readonly ports: MoveSettings['ports']
  readonly checks: readonly StoredCheck[]
  readonly names: MoveSettings['names']
  readonly after: readonly string[]
  /** Whom it is switched with as one; absent: nobody. Then `downtimeBudgetMs` is that of the shared pause. */
  readonly freeze?: SharedFreeze
  readonly window: Window | null
  readonly standby: { readonly size: string | null; readonly drillMs: number | null } | null
  readonly fence: readonly FenceRung[]
}
