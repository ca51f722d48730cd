// Whether a node is cut off. What was ordered has to be read back, and the old address must serve nobody any more: silence
// alone proves nothing (our own network may be gone), and a read-back alone may speak of another node.

/**
 * Cuts one node off from its clients, for good: it stays so over restarts, until it is lifted. Each call may be repeated.
 * `id`: of the node at its provider. Failures of the provider are those of Source; of a node those of ssh and of the helper.
 */
export type Fence = {
  /** Confirmed by read-back, or it fails. Answers what was done, as a sentence. */
  readonly fence: (id: string, signal: AbortSignal) => Promise<string>
  /** As read now. Fails when it cannot be read: that is no answer. */
  readonly isFenced: (id: string, signal: AbortSignal) => Promise<boolean>
  /** Brings the node back as it was before. */
  readonly unfence: (id: string, signal: AbortSignal) => Promise<void>
  /** Twice is fine. */
  readonly close: () => Promise<void>
}

/** How one rung of `fence:` went. */
export type Rung = {
  readonly kind: 'provider' | 'ssh' | 'hook'
  readonly isFenced: boolean
  /** What was done, or why it was not, as a sentence. */
  readonly text: string
}

/** A port at the old address, and what became of a connection to it. */
export type Door = { readonly address: string; readonly port: number; readonly answer: 'accepts' | 'refuses' | 'silent' }

export type FenceDecision = { readonly confirmed: boolean; readonly rungs: readonly Rung[]; readonly doors: readonly Door[]; readonly text: string }

/** Confirmed: one rung is read back, and no door of the node accepts a connection. */
export function decideFence(rungs: readonly Rung[], doors: readonly Door[]): FenceDecision {
  const by = rungs.find(({ isFenced }) => isFenced)
  const open = doors.filter(({ answer }) => answer === 'accepts').map(({ address, port }) => `${address}:${port}`)
  const told = rungs.map(({ kind, text }) => `${kind}: ${text}`).join(' ')
  const confirmed = by !== undefined && open.length === 0
  return { confirmed, rungs, doors, text: sentence(by, open, doors.length, told) }
}

function sentence(by: Rung | undefined, open: readonly string[], asked: number, told: string): string {
  if (by === undefined) return told === '' ? 'Nothing can cut this node off: no fence is named.' : `The node is not cut off. ${told}`
  if (open.length > 0) return `${by.kind} says that the node is cut off, but ${open.join(', ')} still accepts connections. ${told}`
  if (asked === 0) return `The node is cut off. ${told} It has no TCP port that could be tried from here.`
  return `The node is cut off, and none of its ports that were tried (${asked}) accepts a connection. ${told}`
}
