// Names at a provider without a door for programs: a person makes the changes, Lifeboat says which and watches.
//
// What that costs: there is no epoch (a person would have to type one at every claim), so nothing at the name itself
// refuses a stale execution. In its place stand the comparison with what was read, and the person who reads the text.
// A person also changes one record after another, and caches between servers lag: while a swap is under way, a set that
// is still the expected one and a set that is already the wanted one are both in order.
import { z } from 'zod'
import { codeOf, LifeboatError } from '../core/errors.ts'
import { endpointText } from '../io/dns-wire.ts'
import { resolveAddresses, resolveNameservers } from '../io/resolver.ts'
import { sleep } from '../io/wait.ts'
import { answerWithinMs, plainExchange } from './authority.ts'
import { normaliseName } from './names.ts'
import { distinct, dnsPort, parseEndpoint, reachable } from './nameservers.ts'
import type { Authority, DnsAdapter, DnsProvider, NameState, Swap } from './provider.ts'
import { readNames } from './read-names.ts'
import { checkedSwap, namesChanged, sameAddresses, stateText } from './state.ts'

const endpoint = z.string().refine((text) => parseEndpoint(text) !== null, 'must be an address, with or without a port')

const schema = z.strictObject({
  kind: z.literal('manual'),
  authorities: z.array(endpoint).min(1).optional().describe('Servers that must agree after a switch, such as 192.0.2.53; default: the NS records of the zone'),
  resolver: endpoint.optional().describe('Resolver that is asked for the NS records; default: the one of this machine'),
})

export type ManualSettings = {
  /** Empty: the NS set of each name's zone. */
  readonly authorities: readonly Authority[]
  readonly resolver: Authority | null
  readonly tell: (text: string) => void
  /** Milliseconds between two looks at the servers. */
  readonly everyMs: number
}

/** The adapter of kind `manual`. */
export const manual: DnsAdapter<typeof schema> = {
  schema,
  connect: async (_name, config, { tell }) => {
    const authorities = (config.authorities ?? []).flatMap((text) => parseEndpoint(text) ?? [])
    return manualProvider({ authorities, resolver: parseEndpoint(config.resolver ?? ''), tell, everyMs: 5000 })
  },
}

/**
 * A provider that never writes. `swap` shows what to change and returns when every authority has it; it waits as long
 * as the signal lets it. A new TTL is asked for, but waited for only where nothing else changes and it is to be lower:
 * many control panels know no short TTL, and a switch must not hang on that.
 */
export function manualProvider(settings: ManualSettings): DnsProvider {
  const authorities = (names: readonly string[], signal: AbortSignal) => authoritiesOfNames(settings, names, signal)
  const readAt = async (authority: Authority, names: readonly string[], signal: AbortSignal) => {
    const found = await readNames(plainExchange(authority), names.map(normaliseName), signal)
    return found.map(({ state }) => ({ ...state, epoch: null }))
  }
  return {
    keepsEpoch: false,
    authorities,
    readAt,
    read: async (names, signal) => {
      const states: NameState[] = []
      for (const name of names) states.push(...(await firstAnswer(await authorities([name], signal), (one) => readAt(one, [name], signal), signal)))
      return states
    },
    swap: async (swaps, signal) => {
      await swapByHand(
        settings,
        swaps.map((swap) => ({ ...checkedSwap(swap), expected: { ...checkedSwap(swap).expected, epoch: null } })),
        { authorities, readAt },
        signal,
      )
    },
    proveWrite: async () => {},
  }
}

async function swapByHand(
  settings: ManualSettings,
  swaps: readonly Swap[],
  names: Pick<DnsProvider, 'authorities' | 'readAt'>,
  signal: AbortSignal,
): Promise<void> {
  const look = async () => (await Promise.all(swaps.map((swap) => viewsOf(swap, names, signal)))).flat()
  const first = await look()
  if (first.length > 0 && first.every(({ state }) => state === null)) throw new LifeboatError('dns-unreachable', first.map(({ trouble }) => trouble).join(' '))
  for (const { swap, state } of first) {
    if (state !== null && !isUnderWay(state, swap)) throw namesChanged(state, swap.expected)
  }
  const hint = changesText(first)
  if (hint !== null) settings.tell(hint)
  let told = ''
  for (let views = first; ; views = await look()) {
    const open = views.filter(({ swap, state }) => state === null || !isDone(state, swap))
    if (open.length === 0) return
    const text = open.map(({ trouble }) => trouble).join('\n')
    if (text !== told) settings.tell(`Waiting until all name servers have it:\n${text}`)
    told = text
    await sleep(settings.everyMs, signal)
  }
}

/** What one authority tells of one name; `trouble` is a sentence for the operator. */
type View = { readonly swap: Swap; readonly state: NameState | null; readonly trouble: string }

async function viewsOf(swap: Swap, names: Pick<DnsProvider, 'authorities' | 'readAt'>, signal: AbortSignal): Promise<View[]> {
  const authorities = await names.authorities([swap.name], signal)
  return await Promise.all(
    authorities.map(async (authority) => {
      const where = endpointText(authority)
      const [state] = await names.readAt(authority, [swap.name], signal).catch((error: unknown) => {
        signal.throwIfAborted()
        if (!isSilence(error)) throw error
        return [error.message]
      })
      if (state === undefined || typeof state === 'string') return { swap, state: null, trouble: state ?? `${where} tells nothing.` }
      return { swap, state, trouble: `${where} tells ${stateText(state)} for ${swap.name}.` }
    }),
  )
}

/** Each family is still as expected or already as wanted. */
function isUnderWay(state: NameState, { expected, wanted }: Swap): boolean {
  const families = [
    [state.a, expected.a, wanted.a],
    [state.aaaa, expected.aaaa, wanted.aaaa],
  ]
  return families.every(([now, before, after]) => [before, after].some((set) => set?.join() === now?.join()))
}

function isDone(state: NameState, { expected, wanted }: Swap): boolean {
  const lowEnough = state.ttl === null || state.ttl <= wanted.ttl
  return sameAddresses(state, wanted) && (lowEnough || !sameAddresses(expected, wanted))
}

/** What the operator is to change, by the first authority that differs; null when nothing differs. */
function changesText(views: readonly View[]): string | null {
  const lines: string[] = []
  for (const swap of new Set(views.map((view) => view.swap))) {
    const state = views.find((view) => view.swap === swap && view.state !== null && !isExact(view.state, swap))?.state
    if (state === undefined || state === null) continue
    const { a, aaaa, ttl } = swap.wanted
    const line = (what: string, before: string, after: string) => lines.push(`  ${swap.name}  ${what}  ${before || 'none'} -> ${after || 'remove'}`)
    if (state.a.join() !== a.join()) line('A', state.a.join(', '), a.join(', '))
    if (state.aaaa.join() !== aaaa.join()) line('AAAA', state.aaaa.join(', '), aaaa.join(', '))
    if (state.ttl !== ttl) line('TTL', `${state.ttl ?? ''}`, `${ttl} s`)
  }
  return lines.length === 0
    ? null
    : ['Change these records where your DNS is managed; Lifeboat watches the name servers and goes on by itself:', ...lines].join('\n')
}

function isExact(state: NameState, { wanted }: Swap): boolean {
  return sameAddresses(state, wanted) && (state.ttl === null || state.ttl === wanted.ttl)
}

async function firstAnswer<T>(authorities: readonly Authority[], ask: (authority: Authority) => Promise<T>, signal: AbortSignal): Promise<T> {
  let last: unknown = new LifeboatError('dns-unreachable', 'No name server is known.')
  for (const authority of authorities) {
    try {
      return await ask(authority)
    } catch (error) {
      signal.throwIfAborted()
      if (!isSilence(error)) throw error
      last = error
    }
  }
  throw last
}

/** This authority tells nothing; another one may. */
function isSilence(error: unknown): error is Error {
  return error instanceof Error && ['dns-unreachable', 'dns-refused', 'answer-malformed'].includes(codeOf(error))
}

async function authoritiesOfNames(settings: ManualSettings, names: readonly string[], signal: AbortSignal): Promise<readonly Authority[]> {
  if (settings.authorities.length > 0) return settings.authorities
  const options = { signal, deadlineMs: answerWithinMs, resolver: settings.resolver }
  const found: Authority[] = []
  for (const name of names) {
    const hosts = await zoneServers(normaliseName(name), options)
    for (const host of hosts) found.push(...reachable(await resolveAddresses(host, options)).map((address) => ({ address, port: dnsPort })))
  }
  if (found.length === 0) throw new LifeboatError('dns-unreachable', `No name server of ${names.join(', ')} was found.`)
  return distinct(found)
}

/** The NS set of the nearest zone above a name. */
async function zoneServers(name: string, options: Parameters<typeof resolveNameservers>[1]): Promise<string[]> {
  const hosts = await resolveNameservers(name, options)
  const dot = name.indexOf('.')
  return hosts.length > 0 || dot < 0 ? hosts : await zoneServers(name.slice(dot + 1), options)
}
