// The contract of the log in which evidence is kept (core/evidence.ts).
import type { Evidence, Rung } from '../core/evidence.ts'

/**
 * What of a stretch of time is asked for: `from` included, `to` not (ISO 8601). An absent list asks for all; records
 * that have no such field (a health record has no target) are not narrowed by it.
 */
export type EvidenceQuery = {
  readonly from: string
  readonly to: string
  readonly kinds?: readonly Evidence['kind'][]
  readonly targets?: readonly string[]
  readonly observers?: readonly string[]
  readonly rungs?: readonly Rung[]
}

/** A record with its place in the log: what a report cites. */
export type Kept = { readonly seq: number; readonly hash: string; readonly evidence: Evidence }

export type EvidenceLog = {
  /** Keeps them behind all that is there; resolves with their places once they are on the disk. Many callers share one fsync. */
  readonly append: (evidence: readonly Evidence[]) => Promise<readonly Pick<Kept, 'seq' | 'hash'>[]>
  /** Keeps bytes as they came; resolves with their SHA-256 (hex) once they are on the disk. */
  readonly keepRaw: (bytes: Uint8Array) => Promise<string>
  /** In the order in which they were kept. */
  readonly read: (query: EvidenceQuery) => Promise<readonly Kept[]>
  readonly close: () => Promise<void>
}
