// Whom the world asks about a zone, and what leads back from its addresses. Resolvers begin at the zone above: a server
// that stands there and not in the zone itself is asked all the same, and no switch waits for it.
import { randomInt } from 'node:crypto'
import { codeOf } from '../core/errors.ts'
import { endpointText, type Endpoint } from '../io/dns-wire.ts'
import { resolveAddresses, resolveNames, resolveNameservers, type ResolverOptions } from '../io/resolver.ts'
import { deadline } from '../io/wait.ts'
import { plainExchange } from './authority.ts'
import { classes, emptyMessage, opcodes, type Message } from './codec.ts'
import { dnsPort, reachable } from './nameservers.ts'
import { types } from './record-data.ts'
import { lowerName } from './wire-name.ts'

export type Delegation = {
  /** The zone above. */
  readonly parent: string
  /** Host names of the servers that it names, sorted. */
  readonly servers: readonly string[]
}

export type Asking = {
  /** Null: the one of this machine. */
  readonly resolver: Endpoint | null
  readonly signal: AbortSignal
  /** Where the servers of the zone above listen; default: where all do. */
  readonly port?: number
}

const answerWithinMs = 2000

/** What the zone above says of this one, by the first of its servers that answers; null: it is not found, or does not know the zone. */
export async function delegationOf(zone: string, asking: Asking): Promise<Delegation | null> {
  const options = optionsOf(asking)
  for (let parent = above(zone); parent !== ''; parent = above(parent)) {
    const hosts = await orNone(resolveNameservers(parent, options), asking.signal)
    for (const host of hosts) {
      for (const address of reachable(await orNone(resolveAddresses(host, options), asking.signal))) {
        const servers = await serversAt({ address, port: asking.port ?? dnsPort }, zone, asking.signal)
        if (servers.length > 0) return { parent, servers }
      }
    }
    if (hosts.length > 0) return null
  }
  return null
}

/** The servers that a zone names itself, as one that has authority over it tells: host names, sorted; none: it does not answer. */
export async function serversAt(server: Endpoint, zone: string, signal: AbortSignal): Promise<readonly string[]> {
  const question = { ...emptyMessage(randomInt(65_536), opcodes.query), questions: [{ name: zone, type: types.NS, class: classes.IN }] }
  const limit = deadline(signal, answerWithinMs, `${endpointText(server)} did not answer.`)
  const replies = await orNone(plainExchange(server).send([question], limit), signal)
  return hostsIn(replies, zone)
}

/** Names to which an address leads back (PTR); none: it leads nowhere, or nobody answers. */
export async function namesOf(address: string, asking: Asking): Promise<readonly string[]> {
  return (await orNone(resolveNames(address, optionsOf(asking)), asking.signal)).map(lowerName).sort()
}

/** In the answer where the server has the zone itself, beside it where it only points there. */
function hostsIn(replies: readonly Message[], zone: string): readonly string[] {
  const records = replies.flatMap(({ answers, authorities }) => [...answers, ...authorities])
  const hosts = records.flatMap(({ name, type, data }) => (type === types.NS && lowerName(name) === zone && data.kind === 'name' ? [lowerName(data.name)] : []))
  return [...new Set(hosts)].sort()
}

function above(name: string): string {
  const dot = name.indexOf('.')
  return dot === -1 ? '' : name.slice(dot + 1)
}

function optionsOf({ resolver, signal }: Asking): ResolverOptions {
  return { resolver, signal, deadlineMs: answerWithinMs }
}

/** This is a look around: who is silent or refuses is passed over. */
async function orNone<T>(asked: Promise<readonly T[]>, signal: AbortSignal): Promise<readonly T[]> {
  try {
    return await asked
  } catch (error) {
    signal.throwIfAborted()
    if (codeOf(error) === 'defect') throw error
    return []
  }
}
