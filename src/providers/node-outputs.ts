// What the programs of targets tell of a node, read back: where it is, and which of its objects carries the mark "holds data".
import { z } from 'zod'
import { LifeboatError } from '../core/errors.ts'
import type { Outputs } from './provider.ts'

const addressSchema = z.object({ publicAddress: z.string().min(1), privateAddress: z.string().min(1).nullish() })
const placeSchema = z.object({ volumeId: z.string().nullish(), instanceId: z.string().nullish() })

export type Marked = { readonly kind: 'volume' | 'node'; readonly id: string }

/** Target.address. `name`: of the provider. */
export function addressOf(name: string, outputs: Outputs): { readonly public: string; readonly private: string | null } {
  const { data } = addressSchema.safeParse(outputs)
  if (data === undefined) throw new LifeboatError('provision-failed', `The node at ${name} has no address yet.`)
  return { public: data.publicAddress, private: data.privateAddress ?? null }
}

/** The volume, or the node itself where there is none; null: there is neither. */
export function markedOf(outputs: Outputs): Marked | null {
  const { volumeId, instanceId } = placeSchema.parse(outputs)
  if (volumeId) return { kind: 'volume', id: volumeId }
  return instanceId ? { kind: 'node', id: instanceId } : null
}

/** What a kind does to mark an object as holding data, and to see whether it is marked. An object that is gone is not. */
export type DataMark = {
  readonly put: (marked: Marked, signal: AbortSignal) => Promise<void>
  readonly has: (marked: Marked, signal: AbortSignal) => Promise<boolean>
}

/** Target.markHoldsData: put and read back. */
export async function markHoldsData({ put, has }: DataMark, outputs: Outputs, signal: AbortSignal): Promise<void> {
  const marked = markedOf(outputs)
  if (marked === null) throw new LifeboatError('provision-failed', 'There is no volume and no node to mark as holding data.')
  await put(marked, signal)
  if (!(await has(marked, signal))) throw new LifeboatError('target-refused', `The mark that ${marked.id} holds data was accepted, but is not there.`)
}

/** Target.holdsData. */
export async function holdsData({ has }: DataMark, outputs: Outputs, signal: AbortSignal): Promise<boolean> {
  const marked = markedOf(outputs)
  return marked !== null && (await has(marked, signal))
}
