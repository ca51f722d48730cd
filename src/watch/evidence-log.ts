// The contract of the log in which evidence is kept (core/evidence.ts).
import type { Evidence, Rung } from '../core/evidence.ts'

/** An absent list asks for all; records that have no such field (a health record has no target) are not narrowed by it. */
export type Narrowing = {
  readonly kinds?: readonly Evidence['kind'][] | undefined
  readonly targets?: readonly string[] | undefined
  readonly observers?: readonly string[] | undefined
  readonly rungs?: readonly Rung[] | undefined
}

/** What of a stretch of time is asked for: `from` included, `to` not (ISO 8601). `limit`: the first so many of it, in the order of the log. */
export type EvidenceQuery = Narrowing & { readonly from: string; readonly to: string; readonly limit?: number }

/** A record with its place in the log: what a report cites. */
export type Kept = { readonly seq: number; readonly hash: string; readonly evidence: Evidence }

/** Records behind a place in the log: `through` is the place behind which the next page begins, `head` the last that was kept. */
export type EvidencePage = { readonly records: readonly Kept[]; readonly through: number; readonly head: number }

export type EvidenceLog = {
  /** Keeps them behind all that is there; resolves with their places once they are on the disk. Many callers share one fsync. */
  readonly append: (evidence: readonly Evidence[]) => Promise<readonly Pick<Kept, 'seq' | 'hash'>[]>
  /** Keeps bytes as they came; resolves with their SHA-256 (hex) once they are on the disk. */
  readonly keepRaw: (bytes: Uint8Array) => Promise<string>
  /** In the order in which they were kept. */
  readonly read: (query: EvidenceQuery) => Promise<readonly Kept[]>
  readonly close: () => Promise<void>
}
