// The resolver of this machine (or one that is named): only for where name servers live, never for what a switch decides.
import { Resolver } from 'node:dns/promises'
import { LifeboatError } from '../core/errors.ts'
import { endpointText, type Endpoint } from './dns-wire.ts'

export type ResolverOptions = {
  readonly signal: AbortSignal
  /** Milliseconds for one question. */
  readonly deadlineMs: number
  /** Null: the one of this machine. */
  readonly resolver: Endpoint | null
}

/** The addresses of a host, both families; empty when it has none. Fails with dns-unreachable. */
export async function resolveAddresses(host: string, options: ResolverOptions): Promise<string[]> {
  const v4 = await question(host, options, (resolver) => resolver.resolve4(host))
  const v6 = await question(host, options, (resolver) => resolver.resolve6(host))
  return [...v4, ...v6]
}

/** The name servers of a zone; empty when the name is no zone. Fails with dns-unreachable. */
export async function resolveNameservers(zone: string, options: ResolverOptions): Promise<string[]> {
  return await question(zone, options, (resolver) => resolver.resolveNs(zone))
}

/** The names of an address (PTR); empty when it has none. Fails with dns-unreachable. */
export async function resolveNames(address: string, options: ResolverOptions): Promise<string[]> {
  return await question(address, options, (resolver) => resolver.reverse(address))
}

async function question(name: string, options: ResolverOptions, put: (resolver: Resolver) => Promise<string[]>): Promise<string[]> {
  options.signal.throwIfAborted()
  const resolver = new Resolver({ timeout: options.deadlineMs, tries: 1 })
  if (options.resolver !== null) resolver.setServers([endpointText(options.resolver)])
  const cancel = () => resolver.cancel()
  options.signal.addEventListener('abort', cancel, { once: true })
  try {
    return await put(resolver)
  } catch (error) {
    options.signal.throwIfAborted()
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
    if (code === 'ENODATA' || code === 'ENOTFOUND') return []
    throw new LifeboatError('dns-unreachable', `The resolver does not answer the question about ${name} (${code}).`, { cause: error })
  } finally {
    options.signal.removeEventListener('abort', cancel)
  }
}
