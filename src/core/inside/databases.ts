// Database servers as they answered: version, databases with size and collation, replication.
import { given, wholeNumber, type Section } from './answer.ts'
import type { Database } from './schema.ts'

export function readDatabases(section: Section): Database[] {
  return [...readPostgresql(section), ...readMysql(section), ...readRedis(section)]
}

function readPostgresql(section: Section): Database[] {
  return section.rows('postgresql').map((row) => {
    const [port = '', version = '', inRecovery] = row.split('\t')
    const of = (word: string) => section.rows(`postgresql-${word}`).flatMap((line) => (line.startsWith(`${port}\t`) ? [line.split('\t').slice(1)] : []))
    const collations = new Map(of('collation').map(([built, now, ...name]) => [name.join('\t'), { built, now }]))
    return {
      kind: 'postgresql',
      // What follows is the name of the distribution.
      version: version.split(' ')[0] ?? '',
      port: wholeNumber(port),
      role: inRecovery === 't' ? 'replica' : inRecovery === 'f' ? 'primary' : 'unknown',
      replication: of('replica').map(([state = '', address = '', ...name]) => `${name.join('\t')} at ${address}: ${state}`),
      databases: of('database').map(([bytes, collation, encoding, ...name]) => {
        const { built, now } = collations.get(name.join('\t')) ?? {}
        const versions = { collationVersion: given(built), libraryVersion: given(now) }
        return { name: name.join('\t'), sizeMiB: mib(bytes), encoding: given(encoding), collation: given(collation), ...versions }
      }),
    }
  })
}

function readMysql(section: Section): Database[] {
  const replication = section.rows('mysql-replica').map((row) => row.trim())
  return section.rows('mysql').map((row) => ({
    kind: 'mysql',
    version: row.split('\t')[0] ?? '',
    port: null,
    role: replication.length > 0 ? 'replica' : 'primary',
    replication,
    databases: section.rows('mysql-database').map((line) => {
      const [bytes, collation, ...name] = line.split('\t')
      return { name: name.join('\t'), sizeMiB: mib(bytes), encoding: null, collation: given(collation), collationVersion: null, libraryVersion: null }
    }),
  }))
}

function readRedis(section: Section): Database[] {
  const rows = section.rows('redis')
  const keys = new Map(rows.map((row): [string, string] => [row.split(':')[0] ?? '', row.slice(row.indexOf(':') + 1)]))
  const version = keys.get('valkey_version') ?? keys.get('redis_version')
  if (version === undefined) return []
  const role = keys.get('role')
  return [
    {
      kind: 'redis',
      version,
      port: 6379,
      role: role === 'master' ? 'primary' : role === 'slave' ? 'replica' : 'unknown',
      replication: ['master_host', 'connected_slaves'].flatMap((key) => (keys.has(key) ? [`${key}: ${keys.get(key)}`] : [])),
      // Its databases are numbers; only memory has a size.
      databases: [...keys.keys()]
        .filter((key) => /^db\d+$/.test(key))
        .map((name) => ({ name, sizeMiB: null, encoding: null, collation: null, collationVersion: null, libraryVersion: null })),
    },
  ]
}

function mib(bytes: string | undefined): number | null {
  const value = wholeNumber(bytes)
  return value === null ? null : Math.round((value / 1_048_576) * 10) / 10
}
