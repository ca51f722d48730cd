// What a world is to have: chosen before it starts, and what its lifeboat.yaml is written from.
import type { HostKind } from './host.ts'
import type { ShopNode } from './shop/nodes.ts'

export type WorldSpec = {
  /** Nodes of the shop at the old provider. */
  readonly sources: readonly ShopNode[]
  /** static: for each source an empty node with the software installed; aws: a cloud that makes them; none: nothing. */
  readonly targets: 'static' | 'aws' | 'none'
  /** A name server with the names of the shop. */
  readonly names?: boolean
  /** What hosts the old provider's machines; absent: nothing, it is a list of addresses. */
  readonly host?: HostKind
  /** Static targets start from Debian 13, sources from 12; default: all from 12. */
  readonly nextTargets?: boolean
  readonly volumeMiB?: number
  /** Root file systems are disks of their own, so that a whole system can move; default: layers. */
  readonly rootMiB?: number
  /** Who has an IPv6 address, too; default: nobody. */
  readonly six?: 'sources' | 'both'
  /** web-1 keeps its orders in PostgreSQL and Redis, beside its files; default: nobody has a database. */
  readonly databases?: boolean
  /** Files on each volume, beside what the shop itself writes; default 300. */
  readonly files?: number
  /** Where lifeboat.yaml and the state go; default: in the world's own memory. */
  readonly folder?: string
  /** Of whoever runs the CLI, beside what the lab's own environment has. */
  readonly environment?: Readonly<Record<string, string>>
  /** Keys of lifeboat.yaml over those of the lab, merged by key: `{ moves: { 'web-1': { downtimeBudget: '5s' } } }`. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** Whether the node of this move, and the one that it moves to, have databases. */
export function hasDatabases({ databases }: WorldSpec, name: string): boolean {
  return databases === true && name === 'web-1'
}
