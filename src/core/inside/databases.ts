// Database servers as they answered: version, databases with size and collation, replication.
import { given, wholeNumber, type Section } from './answer.ts'
import type { Database } from './schema.ts'

export function readDatabases(section: Section): Database[] {
  return [...readPostgresql(section), ...readMysql(section), ...readRedis(section)]
}

/** What the server of a port said under a word, field by field. */
type Said = (word: string) => readonly string[][]

/** Each server on the machine: its own line begins with its port, and so does each line of what it holds. */
function serversOf(section: Section, kind: string): { readonly port: string; readonly fields: readonly string[]; readonly said: Said }[] {
  return section.rows(kind).map((row) => {
    const [port = '', ...fields] = row.split('\t')
    const said: Said = (word) => section.rows(`${kind}-${word}`).flatMap((line) => (line.startsWith(`${port}\t`) ? [line.split('\t').slice(1)] : []))
    return { port, fields, said }
  })
}

function readPostgresql(section: Section): Database[] {
  return serversOf(section, 'postgresql').map(({ port, fields: [version = '', inRecovery], said }) => {
    const collations = new Map(said('collation').map(([built, now, ...name]) => [name.join('\t'), { built, now }]))
    const sources = said('source').map(([status = '', host = '', sourcePort = '']) => `follows ${host}:${sourcePort}: ${status}`)
    const replicas = said('replica').map(([state = '', address = '', ...name]) => `${name.join('\t')} at ${address}: ${state}`)
    return {
      kind: 'postgresql',
      // What follows is the name of the distribution.
      version: version.split(' ')[0] ?? '',
      port: wholeNumber(port),
      role: inRecovery === 't' ? 'replica' : inRecovery === 'f' ? 'primary' : 'unknown',
      replication: [...sources, ...replicas],
      databases: said('database').map(([bytes, collation, encoding, ...name]) => {
        const { built, now } = collations.get(name.join('\t')) ?? {}
        const versions = { collationVersion: given(built), libraryVersion: given(now) }
        return { name: name.join('\t'), sizeMiB: mib(bytes), encoding: given(encoding), collation: given(collation), ...versions }
      }),
    }
  })
}

function readMysql(section: Section): Database[] {
  return serversOf(section, 'mysql').map(({ port, fields: [version = ''], said }) => {
    const source = said('source').map((words) => words.join('\t').trim())
    const replicas = said('replica').map(([user = '', address = '']) => `${user} at ${address}`)
    return {
      kind: 'mysql',
      version,
      port: wholeNumber(port),
      role: source.length > 0 ? 'replica' : 'primary',
      replication: [...source, ...replicas],
      databases: said('database').map(([bytes, collation, ...name]) => {
        const unknown = { encoding: null, collationVersion: null, libraryVersion: null }
        return { name: name.join('\t'), sizeMiB: mib(bytes), collation: given(collation), ...unknown }
      }),
    }
  })
}

const redisReplication = /^(master_\w+|connected_slaves|slave\d+)$/

function readRedis(section: Section): Database[] {
  const lines = section.rows('redis').map((row) => row.split('\t'))
  return [...Map.groupBy(lines, ([port = '']) => port)].flatMap(([port, rows]): Database[] => {
    const keys = new Map(rows.map(([, line = '']): [string, string] => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1)]))
    const version = keys.get('valkey_version') ?? keys.get('redis_version')
    if (version === undefined) return []
    const role = keys.get('role')
    return [
      {
        kind: 'redis',
        version,
        port: wholeNumber(port),
        role: role === 'master' ? 'primary' : role === 'slave' ? 'replica' : 'unknown',
        replication: [...keys].flatMap(([key, value]) => (redisReplication.test(key) ? [`${key}: ${value}`] : [])),
        // Its databases are numbers; only memory has a size.
        databases: [...keys.keys()]
          .filter((key) => /^db\d+$/.test(key))
          .map((name) => ({ name, sizeMiB: null, encoding: null, collation: null, collationVersion: null, libraryVersion: null })),
      },
    ]
  })
}

function mib(bytes: string | undefined): number | null {
  const value = wholeNumber(bytes)
  return value === null ? null : Math.round((value / 1_048_576) * 10) / 10
}
