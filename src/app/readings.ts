// What moves that begin together have in common is read once for all of them: the text of their configuration, and what
// their provider has. A thousand moves would otherwise parse it, and list the provider's nodes, a thousand times.
import { kinds } from '../adapters.ts'
import type { ConfigText } from '../config/find.ts'
import { parseConfig, type Draft } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Inventory } from '../core/node.ts'
import { together } from '../io/together.ts'
import type { Store } from '../workflows/store.ts'
import { takeInventory } from './planning.ts'

/** Parses a text unless it is the one of the last time. Fails as `parseConfig` does. */
export function parsedOnce(): (text: ConfigText) => Draft {
  let last: Draft | null = null
  return ({ text, baseFolder }) => {
    if (last === null || last.text !== text || last.baseFolder !== baseFolder) last = parseConfig({ text, baseFolder }, kinds)
    return last
  }
}

/** How long what was read for one move counts for others, too. */
const countsForMs = 5000
const readWithinMs = 60_000

export type Readings = ReturnType<typeof readings>

export function readings(store: Store) {
  const fresh = together<Inventory>(countsForMs)
  const stored = together<Inventory | null>(countsForMs)
  return {
    /** What the provider has now; stored. Fails as its source does. */
    read: async (config: Config, provider: string, signal: AbortSignal): Promise<Inventory> =>
      await fresh(
        `${provider} ${JSON.stringify(config.providers[provider])}`,
        async () => await takeInventory(config, provider, store, AbortSignal.timeout(readWithinMs)),
        signal,
      ),
    /** What was last stored of it. */
    stored: async (provider: string, signal: AbortSignal): Promise<Inventory | null> =>
      await stored(provider, async () => await store.inventory(provider), signal),
  }
}
