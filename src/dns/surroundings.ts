// What stands around names and would go on telling of the old machine, or keep a change from being believed, as one server
// tells it (failover.md §16).
import type { Around } from '../core/doctor/names.ts'
import { ask, plainExchange } from './authority.ts'
import type { Message } from './codec.ts'
import type { Authority } from './provider.ts'
import { setOf } from './read-names.ts'
import { types } from './record-data.ts'
import { lowerName } from './wire-name.ts'

export type Surroundings = {
  /** The zone that holds the first name, by its SOA; null: the server told none. */
  readonly zone: string | null
  readonly serial: number | null
  /** Seconds for which caches remember that a name is absent (RFC 2308 §5); null: unknown. */
  readonly negativeTtl: number | null
  readonly names: readonly Around[]
}

export type AskedName = { readonly name: string; /** TCP ports that it is used with. */ readonly ports: readonly number[] }

/** Asks one server. Names must be normalised. Fails with dns-unreachable, dns-refused, answer-malformed. */
export async function surroundingsOf(authority: Authority, asked: readonly AskedName[], signal: AbortSignal): Promise<Surroundings> {
  const exchange = plainExchange(authority)
  const read: Asking = async (questions) => await ask(exchange, questions, signal)
  const [soa] = await read(asked.slice(0, 1).map(({ name }) => ({ name, type: types.SOA })))
  const start = startOf(soa)
  const names = []
  for (const one of asked) names.push(await around(one, start.zone, read))
  return { ...start, names }
}

/** The SOA record is the answer at the zone's own name, and beside the answer below it. */
function startOf(reply: Message | undefined): Omit<Surroundings, 'names'> {
  const [start] = [...(reply?.answers ?? []), ...(reply?.authorities ?? [])].filter((record) => record.type === types.SOA)
  if (start?.data.kind !== 'soa') return { zone: null, serial: null, negativeTtl: null }
  return { zone: lowerName(start.name), serial: start.data.serial, negativeTtl: Math.min(start.ttl, start.data.minimum) }
}

type Asking = (questions: readonly { readonly name: string; readonly type: number }[]) => Promise<readonly Message[]>

async function around({ name, ports }: AskedName, zone: string | null, read: Asking): Promise<Around> {
  const up = ancestors(name, zone)
  const services = ports.map((port) => `_${port}._tcp.${name}`)
  const mail = [...new Set([name, zone ?? name])]
  const groups = [
    [types.A, types.AAAA, types.SSHFP, types.RRSIG].map((type) => ({ name, type })),
    up.map((each) => ({ name: each, type: types.CAA })),
    services.map((each) => ({ name: each, type: types.TLSA })),
    mail.map((each) => ({ name: each, type: types.TXT })),
    mail.map((each) => ({ name: each, type: types.MX })),
  ]
  const replies = await read(groups.flat())
  const sets = groups.flat().map((question, at) => ({ ...question, records: setOf(replies[at], question.name, question.type) }))
  const of = (type: number) => sets.filter((set) => set.type === type)
  return {
    name,
    ttls: [...new Set([...of(types.A), ...of(types.AAAA)].flatMap(({ records }) => records.map(({ ttl }) => ttl)))],
    issuers: issuersIn(
      of(types.CAA)
        .find(({ records }) => records.length > 0)
        ?.records.map(({ data }) => data) ?? [],
    ),
    fingerprints: of(types.SSHFP).flatMap(({ records }) => records).length,
    certificates: of(types.TLSA).flatMap((set) => (set.records.length > 0 ? [set.name] : [])),
    senders: of(types.TXT).flatMap(({ records }) => records.flatMap(({ data }) => (data.kind === 'text' ? sendersIn(data.strings) : []))),
    mailOf: of(types.MX).flatMap((set) => (set.records.some(({ data }) => data.kind === 'mail' && lowerName(data.name) === name) ? [set.name] : [])),
    signedUntil: firstEnd(of(types.RRSIG).flatMap(({ records }) => records.map(({ data }) => data))),
  }
}

/** The name and all above it, up to its zone. */
function ancestors(name: string, zone: string | null): string[] {
  const parent = name.slice(name.indexOf('.') + 1)
  return zone === null || name === zone || !name.endsWith(`.${zone}`) ? [name] : [name, ...ancestors(parent, zone)]
}

type Data = Message['answers'][number]['data']

/** Flags, the length of the tag, tag, value: what stands before `;` in those of `issue` (RFC 8659 §4). */
function issuersIn(set: readonly Data[]): string[] {
  return set.flatMap((data) => {
    if (data.kind !== 'raw') return []
    const size = data.bytes[1] ?? 0
    const [tag, value] = [data.bytes.toString('latin1', 2, 2 + size), data.bytes.toString('latin1', 2 + size)]
    return tag.toLowerCase() === 'issue' ? [value.split(';')[0]?.trim() || 'nobody'] : []
  })
}

function sendersIn(strings: readonly Buffer[]): string[] {
  const text = Buffer.concat(strings).toString('latin1')
  if (!/^v=spf1( |$)/i.test(text)) return []
  return text.split(' ').flatMap((term) => /^[+?~-]?ip[46]:(\S+)$/i.exec(term)?.[1] ?? [])
}

/** Type covered, algorithm, labels, original TTL, then the end. */
function firstEnd(signatures: readonly Data[]): number | null {
  const covers = new Set<number>([types.A, types.AAAA])
  const ends = signatures.flatMap((data) =>
    data.kind === 'raw' && data.bytes.length >= 12 && covers.has(data.bytes.readUInt16BE(0)) ? [data.bytes.readUInt32BE(8)] : [],
  )
  return ends.length === 0 ? null : Math.min(...ends)
}
