// What a Redis server says of itself, read: pure. Facts: redis.io, INFO, CONFIG GET, REPLICAOF; redis-cli without a
// terminal prints replies raw, one after the other.
import { LifeboatError } from '../../core/errors.ts'

/** `field:value` lines of INFO; headings and what else there is are left out. */
export function readInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':')
      return line.startsWith('#') || at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
    }),
  )
}

/** Where a server stands in the stream of writes, and whom it follows. */
export type Position = {
  /** Names the history that the offset counts in. */
  readonly history: string
  readonly offset: number
  /** host:port of the server it follows; null: it may be written. */
  readonly follows: string | null
  /** Whether the line to that server stands, and all it had before was read. */
  readonly isLinked: boolean
  /** Bytes that it was sent by those it followed since it started: a first copy, and then writes as they are made. 0 before 7.0. */
  readonly received: number
}

export function positionIn(info: ReadonlyMap<string, string>): Position {
  const isReplica = info.get('role') === 'slave'
  const offset = Number(info.get('master_repl_offset'))
  if (!info.has('role') || !Number.isSafeInteger(offset)) throw new LifeboatError('answer-malformed', 'Redis does not tell where its replication stands.')
  return {
    history: info.get('master_replid') ?? '',
    // A replica tells of what it was sent in master_repl_offset, of what it has done in slave_repl_offset.
    offset: isReplica ? Number(info.get('slave_repl_offset')) : offset,
    follows: isReplica ? `${info.get('master_host') ?? ''}:${info.get('master_port') ?? ''}` : null,
    isLinked: info.get('master_link_status') === 'up',
    received: Number(info.get('total_net_repl_input_bytes') ?? 0),
  }
}

/** Name and value in turn, as CONFIG GET tells them; an empty value is an empty line. */
export function readSettings(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/)
  return new Map(lines.flatMap((name, index) => (index % 2 === 0 && name !== '' ? [[name, lines[index + 1] ?? ''] as const] : [])))
}

/** What must be the same on both sides, or the copy would not be kept, found or reached in the same way. */
export const sameSettings = ['appendonly', 'save', 'maxmemory-policy'] as const
export const readableSettings = [...sameSettings, 'maxmemory', 'databases', 'dir'] as const

/** Why the data of one server does not fit the other one, in words; empty when it does. */
export function misfits(from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): readonly string[] {
  const different = sameSettings.flatMap((name) => {
    const [here, there] = [from.get(name), to.get(name)]
    return here === there ? [] : [`${name} is ${shown(here)} there and ${shown(there)} here`]
  })
  const [limit, databases] = [Number(to.get('maxmemory')), Number(to.get('databases'))]
  const wanted = Number(from.get('maxmemory'))
  const isLess = limit > 0 && (wanted === 0 || limit < wanted)
  return [
    ...different,
    ...(isLess ? [`maxmemory is ${limit} here and ${wanted === 0 ? 'without a limit' : wanted} there`] : []),
    ...(databases < Number(from.get('databases')) ? [`it has ${databases} databases and the other one ${from.get('databases')}`] : []),
  ]
}

function shown(value: string | undefined): string {
  return value === undefined ? 'unknown' : value === '' ? 'empty' : value
}

/** Names of the modules in an answer to MODULE LIST, raw: each `name` is followed by one. */
export function readModules(text: string): readonly string[] {
  const lines = text.split(/\r?\n/)
  return lines.flatMap((line, index) => (line === 'name' && lines[index + 1] !== undefined ? [lines[index + 1] ?? ''] : [])).sort()
}

/** Errors begin with a word in capitals: `ERR unknown command`, `NOAUTH Authentication required.` */
export function firstError(replies: string): string | null {
  return /^[A-Z]{3,} \S.*$/m.exec(replies)?.[0] ?? null
}

/** Whether a version is lower than another one, number by number. */
export function isOlder(version: string, other: string): boolean {
  const [left = [], right = []] = [version, other].map((text) => text.split('.').map(Number))
  const at = right.findIndex((number, index) => number !== (left[index] ?? 0))
  return at >= 0 && (left[at] ?? 0) < (right[at] ?? 0)
}
