// A stub resolver as clients have one: asks the name server over UDP, keeps an answer for its TTL and no longer.
import { Resolver } from 'node:dns/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { nameServer } from './network.ts'

type Known = { readonly addresses: readonly string[]; readonly until: number }

/**
 * A function that answers an address of a name, waiting until `end` (milliseconds since 1970) for one. While the name
 * server does not answer, what was known serves on, as resolvers do (RFC 8767).
 */
export function nameCache(): (name: string, end: number) => Promise<string> {
  const resolver = new Resolver({ timeout: 500, tries: 2 })
  resolver.setServers([nameServer])
  const known = new Map<string, Known>()
  const asking = new Map<string, Promise<void>>()
  let turn = 0

  const ask = async (name: string) => {
    try {
      const answer = await resolver.resolve4(name, { ttl: true })
      const ttl = Math.min(...answer.map((record) => record.ttl))
      known.set(name, { addresses: answer.map((record) => record.address), until: Date.now() + ttl * 1000 })
    } catch (error) {
      const stale = known.get(name)
      const denied = error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA')
      if (denied) known.delete(name)
      else if (stale) known.set(name, { ...stale, until: Date.now() + 1000 })
    }
  }
  return async (name, end) => {
    for (;;) {
      const found = known.get(name)
      if (found && found.until > Date.now()) return found.addresses[turn++ % found.addresses.length] ?? ''
      if (Date.now() > end) throw new Error('the name has no address')
      if (!asking.has(name))
        asking.set(
          name,
          ask(name).finally(() => asking.delete(name)),
        )
      await asking.get(name)
      if (!known.has(name)) await delay(100)
    }
  }
}
