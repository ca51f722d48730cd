// What the checks of a doctor have in common: the configuration, what is stored, and one look at each provider, however
// many moves ask for it.
import type { Config } from '../../config/schema.ts'
import type { Found } from '../../core/doctor/finding.ts'
import { hintOf, LifeboatError, codeOf, messageOf } from '../../core/errors.ts'
import type { Inventory } from '../../core/node.ts'
import type { Keyring } from '../../io/ssh-agent.ts'
import { deadline } from '../../io/wait.ts'
import type { Store } from '../../workflows/store.ts'
import type { About, Source } from '../../providers/provider.ts'
import { inventoryFrom, openSource } from '../planning.ts'

export type World = {
  readonly config: Config
  readonly store: Store
  readonly state: string
  readonly knownHosts: string
  readonly keyring: Keyring
  readonly pulumiRoot: string | null
  readonly helperFile: (machine: string) => string
  readonly identity: string
  /** Each provider is logged in to once: an account may be locked after a few wrong passwords. Fails as `Source.about` does; null: nobody answers there. */
  readonly about: (provider: string) => Promise<About | null>
  readonly source: (provider: string) => Promise<Source>
  /** What a provider has now. Fails as its log-in or its inventory does. */
  readonly freshInventory: (provider: string) => Promise<Inventory>
  /** The same, else as it was stored; null: it never answered. */
  readonly inventory: (provider: string) => Promise<Inventory | null>
  readonly close: () => Promise<void>
}

/** One check: its subject, the time that it may take, and what it finds. What it throws becomes a finding. */
export type Check = { readonly about: string; readonly deadlineMs: number; readonly look: (signal: AbortSignal) => Promise<readonly Found[]> }

export const quickMs = 20_000
export const inventoryMs = 60_000

type Parts = Omit<World, 'about' | 'source' | 'freshInventory' | 'inventory' | 'close'>

export function worldOf(parts: Parts, signal: AbortSignal): World {
  const { config, store } = parts
  const within = (ms: number, provider: string, what: string): AbortSignal => deadline(signal, ms, `${provider} did not ${what} within ${ms / 1000} s.`)
  const sources = once(async (provider) => await openSource(config, provider))
  const about = once(async (provider) => (await (await sources.of(provider)).about?.(within(quickMs, provider, 'let us in'))) ?? null)
  const fresh = once(async (provider) => {
    await about.of(provider)
    return await inventoryFrom(await sources.of(provider), config, provider, store, within(inventoryMs, provider, 'tell all that it has'))
  })
  const inventory = once(async (provider) => await fresh.of(provider).catch(async () => await store.inventory(provider)))
  return {
    ...parts,
    about: about.of,
    source: sources.of,
    freshInventory: fresh.of,
    inventory: inventory.of,
    close: async () => void (await Promise.allSettled(sources.all().map(async (source) => await (await source).close()))),
  }
}

/** Does for each name once what several ask for. */
function once<T>(act: (name: string) => Promise<T>) {
  const begun = new Map<string, Promise<T>>()
  return {
    all: () => [...begun.values()],
    of: async (name: string): Promise<T> => {
      const known = begun.get(name) ?? act(name)
      begun.set(name, known)
      return await known
    },
  }
}

/** A failure as a finding. */
export function failureFound(thrown: unknown): Found {
  const code = codeOf(thrown)
  const text = messageOf(thrown)
  return { code, severity: 'error', text: thrown instanceof LifeboatError ? text : `Unexpected: ${text}`, hint: hintOf(code) }
}
