// The lease of a running attempt: renewed once a second on both nodes for as long as this process lives. When it dies,
// the nodes end the attempt alone (docs/helper-protocol.md, the dead man).
import type { Link } from '../nodes/link.ts'

/** When a process began to hold the clients of a move, by a clock that nobody sets. */
const holds = new Map<string, { readonly attempt: number; readonly since: number }>()

/** Clients are held from now on. */
export function noteHold(move: string, attempt: number): void {
  holds.set(move, { attempt, since: performance.now() })
}

/** For how many ms they have been held in this attempt; null: another process held them. */
export function heldForMs(move: string, attempt: number): number | null {
  const hold = holds.get(move)
  return hold?.attempt === attempt ? Math.round(performance.now() - hold.since) : null
}

export type Lease = {
  /** Aborts when a node says that the attempt is over. */
  readonly lost: AbortSignal
  readonly stop: () => void
}

const everyMs = 1000
const leases = new Map<string, Lease & { readonly attempt: number }>()

/** Keeps the lease of this attempt; asking again for the same one changes nothing. */
export function keepLease(move: string, attempt: number, token: number, links: readonly Link[]): Lease {
  const running = leases.get(move)
  if (running !== undefined && running.attempt === attempt && !running.lost.aborted) return running
  running?.stop()
  const lost = new AbortController()
  const ended = new AbortController()
  const timer = setInterval(() => {
    for (const link of links) {
      link.call({ op: 'renew', token, attempt }, ended.signal, 4000).catch((error: unknown) => {
        // A line that fails is opened anew by the next renewal; only the node's own word ends the attempt.
        if (!ended.signal.aborted && saysOver(error)) lost.abort(error)
      })
    }
  }, everyMs)
  const lease = {
    attempt,
    lost: lost.signal,
    stop: () => {
      clearInterval(timer)
      ended.abort()
      if (leases.get(move)?.attempt === attempt) leases.delete(move)
    },
  }
  leases.set(move, lease)
  return lease
}

/** Ends the renewals of a move, whatever attempt they are for. */
export function dropLease(move: string): void {
  leases.get(move)?.stop()
}

/** Whether a node's refusal means that the attempt has ended there, or that somebody newer is at work. */
export function saysOver(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && (error.code === 'attempt-over' || error.code === 'token-stale')
}
