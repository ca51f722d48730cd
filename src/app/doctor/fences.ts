// Moves with a standby: whether their fences could be asked tonight. Reads alone: nothing is cut off, no command of anybody's runs.
import { resolveMoves } from '../../config/resolve.ts'
import { judgeFences, type FenceReading } from '../../core/doctor/fences.ts'
import type { Found } from '../../core/doctor/finding.ts'
import { messageOf } from '../../core/errors.ts'
import type { Move } from '../../core/move.ts'
import { providerFence } from '../fences.ts'
import { planOf } from './moves.ts'
import { inventoryMs, quickMs, type Check, type World } from './world.ts'

export function fenceChecks(world: World): readonly Check[] {
  return resolveMoves(world.config)
    .filter(({ standby }) => standby !== null)
    .map((move) => ({
      about: `moves.${move.name}`,
      deadlineMs: quickMs + inventoryMs,
      look: async (signal) => await fencesFound(world, move, (await planOf(world, move)).from, signal),
    }))
}

type Asked = Pick<World, 'config' | 'about'>
type Node = { readonly provider: string; readonly id: string; readonly name: string }

export async function fencesFound(world: Asked, move: Pick<Move, 'fence'>, node: Node, signal: AbortSignal): Promise<readonly Found[]> {
  const readings = await Promise.all(
    move.fence.map(async ({ kind }): Promise<FenceReading> => ({ kind, read: kind === 'provider' ? await readAtProvider(world, node, signal) : null })),
  )
  return judgeFences(node.name, readings)
}

async function readAtProvider({ config, about }: Asked, { provider, id }: Node, signal: AbortSignal): Promise<boolean | string> {
  try {
    // A second log-in after a wrong one could lock the account.
    await about(provider)
    const fence = await providerFence(config, provider)
    try {
      return await fence.isFenced(id, signal)
    } finally {
      await fence.close().catch(() => undefined)
    }
  } catch (error) {
    signal.throwIfAborted()
    return messageOf(error)
  }
}
