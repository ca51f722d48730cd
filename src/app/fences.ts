// The fences of a move, from its configuration.
import { providerOf } from '../adapters.ts'
import type { Config } from '../config/schema.ts'
import { LifeboatError } from '../core/errors.ts'
import type { Fence } from '../core/fence.ts'
import type { Move } from '../core/move.ts'
import { hookFence } from '../nodes/fence/hook.ts'
import { sshFence } from '../nodes/fence/ssh.ts'
import { tryDoors } from '../nodes/fence/doors.ts'
import type { Fencing } from '../workflows/fencing.ts'
import type { Claimed } from '../workflows/ports.ts'

export type Fenced = {
  readonly config: Config
  /** The folder of lifeboat.yaml. */
  readonly folder: string
  readonly move: Pick<Move, 'name' | 'fence' | 'ports'>
  /** The node, and its provider: the source of a move that is to fail over; its target when that goes home. */
  readonly node: { readonly provider: string; readonly id: string; readonly address: string }
  readonly claimed: Claimed
}

/** One that is ill must leave time to the next, and to a person's word. */
const rungMs = 60_000

/** Nothing is opened before it is used: the provider may be dead. */
export function fencingOf(fenced: Fenced): Fencing {
  const { move, node } = fenced
  const doors = move.ports.filter(({ protocol }) => protocol === 'tcp').map(({ port }) => ({ address: node.address, port }))
  return {
    rungs: move.fence.map((rung) => ({ kind: rung.kind, id: node.id, open: async () => await openFence(fenced, rung) })),
    tryDoors: async (signal) => await tryDoors(doors, signal),
    rungMs,
  }
}

async function openFence({ config, folder, move, node, claimed }: Fenced, rung: Move['fence'][number]): Promise<Fence> {
  switch (rung.kind) {
    case 'provider':
      return await providerFence(config, node.provider)
    case 'ssh':
      return sshFence(claimed)
    case 'hook':
      return hookFence({ command: rung.command, deadlineMs: rung.deadlineMs, folder, move: move.name, address: node.address })
  }
}

export async function providerFence(config: Config, name: string): Promise<Fence> {
  const entry = config.providers[name]
  const adapter = entry === undefined ? undefined : providerOf(entry.kind)
  if (entry === undefined || adapter?.fence === undefined) {
    throw new LifeboatError('source-refused', `The provider ${name} has no way to cut a node off${entry === undefined ? '' : ` (kind ${entry.kind})`}.`)
  }
  return await adapter.fence(name, entry as never)
}
