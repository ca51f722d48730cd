// Whether a side of a move runs no more, by what its provider says.
import type { Config } from '../config/schema.ts'
import type { MoveSettings } from '../core/stored-move.ts'
import type { Target } from '../providers/provider.ts'
import type { Ports } from '../workflows/ports.ts'
import type { Readings } from './readings.ts'

type Asked = { readonly config: Config; readonly settings: MoveSettings; readonly target: Pick<Target, 'isOff'>; readonly inventories: Pick<Readings, 'read'> }

/** A provider that does not answer, or does not know the node, says nothing. */
export function offAsker({ config, settings: { from }, target, inventories }: Asked): Ports['isOff'] {
  const sourceIsOff = async (signal: AbortSignal): Promise<boolean | null> => {
    const { nodes } = await inventories.read(config, from.provider, signal)
    const power = nodes.find((node) => node.id === from.id)?.power ?? 'unknown'
    return power === 'unknown' ? null : power === 'off'
  }
  return async (side, facts, signal) => {
    try {
      if (side === 'source') return await sourceIsOff(signal)
      return facts.target === null ? null : ((await target.isOff?.(facts.target.id, signal)) ?? null)
    } catch {
      signal.throwIfAborted()
      return null
    }
  }
}
