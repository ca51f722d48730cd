// What a provider says of the nodes that are watched: where they are, and now and then whether they are on.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../core/errors.ts'
import { findNode } from '../core/find-node.ts'
import { inventorySchema, type Inventory } from '../core/node.ts'
import type { Move } from '../core/move.ts'
import type { Source, SourceAnswer } from '../providers/provider.ts'
import { attempt, NotTried, type Try } from '../watch/attempt.ts'
import type { View } from '../watch/observer.ts'

const everyMs = 60_000
const deadlineMs = 30_000
const where = { rung: 'view', connection: 'fresh' } as const

/** The nodes of a provider; of one that does not answer, what it said when it was last asked (in this file). Null: it never did. */
export async function listNodes(
  provider: string,
  opening: Promise<Source>,
  file: string,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<Inventory | null> {
  try {
    const inventory = asInventory(provider, await (await opening).nodes(AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])))
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(file, JSON.stringify(inventory), { mode: 0o600 })
    return inventory
  } catch (error) {
    signal.throwIfAborted()
    tell(`${provider} does not tell where its nodes are (${messageOf(error)}); they are looked for where they were.`)
    return await readFile(file, 'utf8').then(
      (text) => inventorySchema.parse(JSON.parse(text)),
      () => null,
    )
  }
}

/** A provider that does not answer says nothing of its nodes. */
export function viewOfProvider(opening: Promise<Source>, moves: ReadonlyMap<string, Move['from']>): View {
  return {
    everyMs,
    ask: async (signal) => {
      const asked = attempt(where, deadlineMs, signal, async (stop) => await (await opening).nodes(stop))
      const { tried, value } = await asked
      return new Map([...moves].map(([name, from]) => [name, value === null ? { ...tried, outcome: 'unknown' } : wordOn(from, value, tried)]))
    },
  }
}

/** Not listed, or of unknown power: unknown. */
function wordOn(from: Move['from'], answer: SourceAnswer, tried: Try): Try {
  try {
    const { power } = findNode(asInventory(from.provider, answer), from)
    if (power === 'on') return tried
    if (power === 'unknown') throw new NotTried('the provider does not say whether it is on')
    return { ...tried, outcome: 'fail', text: `the provider says that it is ${power}` }
  } catch (error) {
    return { ...tried, outcome: 'unknown', text: messageOf(error) }
  }
}

function asInventory(provider: string, { nodes, complete, warnings }: SourceAnswer): Inventory {
  return { schema: 'lifeboat.inventory/1', provider, kind: '', takenAt: new Date().toISOString(), complete, warnings: [...warnings], nodes: [...nodes] }
}
