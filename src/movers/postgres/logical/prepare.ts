// What must hold before rows are replicated: told by name, before anything is changed on either side.
import { LifeboatError } from '../../../core/errors.ts'
import { formatBytes } from '../../../core/units.ts'
import { exists, query, standing, unitOf } from '../cluster.ts'
import type { Pair, Prepared, Side } from '../../mover.ts'
import { logicalPlaces, moved, type Both } from './both.ts'

/** Beside one for each database: copies of tables run two at a time (max_sync_workers_per_subscription). */
const copiesAtOnce = 2
/** So many names in one sentence. */
const named = 5

type Found = { readonly refused: readonly string[]; readonly warnings: readonly string[]; readonly bytes: number }

export async function prepare(both: Both, pair: Pair, signal: AbortSignal): Promise<Prepared> {
  const { from, to } = pair
  await refuseNotLogical(both, from, signal)
  await refuseNotInstalled(both, to, signal)
  const databases = await databasesOf(both, from, signal)
  await refuseTooFew(both, from, databases.length, signal)
  const found: Found[] = []
  for (const database of databases) found.push(await look(both, from, database, signal))
  const refused = found.flatMap((each) => each.refused)
  if (refused.length > 0) throw gate(refused.join(' '))
  await refuseMissing(both, pair, databases, signal)
  const bytes = found.reduce((sum, each) => sum + each.bytes, 0)
  await refuseNoSpace(both, to, bytes, signal)
  const isCopy = await exists(to, logicalPlaces(both, to).copy, signal)
  const { version } = both[from.name]
  const first = `${databases.length} databases with ${formatBytes(bytes)} are copied table by table, to PostgreSQL ${both[to.name].version}. A table that is cut off begins anew. What is in ${both[to.name].folder} of ${to.address} is put aside until the move is finished.`
  const always = `Rows are kept in step; a change of the schema is not and closes the gate. Settings and pg_hba.conf of PostgreSQL ${version} are not carried over.`
  return { files: 0, bytes, warnings: [...(isCopy ? [] : [first]), always, ...found.flatMap(({ warnings }) => warnings)] }
}

async function refuseNotLogical(both: Both, side: Side, signal: AbortSignal): Promise<void> {
  const cluster = both[side.name]
  const now = await standing(cluster, side, signal)
  if (now === null) throw gate(`${unitOf(cluster)} does not answer on ${side.address}.`)
  if (now.inRecovery) throw gate(`PostgreSQL on ${side.address} is a replica itself; move its primary.`)
  const sql = `select current_setting('wal_level'), current_setting('data_directory'), (select count(*) from pg_tablespace) - 2,
    (select count(*) from pg_prepared_xacts), (select datlocprovider from pg_database where datname = 'postgres'), current_setting('hba_file')`
  const [level, folder, spaces, prepared, provider, access] = (await query(cluster, side, sql, signal))[0] ?? []
  if (level !== 'logical')
    throw gate(`wal_level is ${level} on ${side.address}; a change of version needs \`wal_level = logical\` there, and a restart of PostgreSQL for it.`)
  if (folder !== cluster.folder) throw gate(`The cluster on ${side.address} lies in ${folder}, not in ${cluster.folder}: say so with \`folder:\`.`)
  const { hba } = logicalPlaces(both, side)
  if (access !== hba) throw gate(`hba_file is ${access} on ${side.address}; it is closed and opened by ${hba}.`)
  if (spaces !== '0') throw gate(`The cluster on ${side.address} has ${spaces} tablespaces of its own; those are not moved yet.`)
  if (prepared !== '0') throw gate(`${prepared} prepared transactions wait on ${side.address}; they would not be carried over.`)
  if (provider !== 'c') throw gate(`The database postgres on ${side.address} sorts by ICU; a new cluster like it cannot be made yet.`)
}

async function refuseNotInstalled(both: Both, side: Side, signal: AbortSignal): Promise<void> {
  const { cluster, bin, etc } = logicalPlaces(both, side)
  const script = 'test -x "$1/initdb" -a -x "$1/pg_dumpall" || echo program; test -d "$2/conf.d" || echo cluster'
  const { stdout } = await side.run(['sh', '-c', script, 'sh', bin, etc], { signal })
  if (stdout.includes('program'))
    throw new LifeboatError('node-tool-missing', `PostgreSQL ${cluster.version} is not installed on the ${side.name} ${side.address}.`)
  if (stdout.includes('cluster')) throw gate(`There is no cluster ${cluster.version}/${cluster.name} on ${side.address} (${etc}/conf.d): make it first.`)
}

/** Their names stand in scripts and in connection strings. */
async function databasesOf(both: Both, side: Side, signal: AbortSignal): Promise<readonly string[]> {
  const names = (await query(both[side.name], side, `select datname from pg_database where ${moved} order by oid`, signal)).map(([name = '']) => name)
  const odd = names.find((name) => !/^[\p{L}\p{N} ._-]+$/u.test(name))
  if (odd !== undefined)
    throw gate(`The name of the database ${JSON.stringify(odd)} has other signs than letters, digits, spaces, dots, dashes and underscores.`)
  return names
}

async function refuseTooFew(both: Both, side: Side, databases: number, signal: AbortSignal): Promise<void> {
  const { cluster, role } = logicalPlaces(both, side)
  const needed = databases + copiesAtOnce
  const sql = `select current_setting('max_wal_senders')::int - (select count(*) from pg_stat_replication where usename <> '${role}'),
    current_setting('max_replication_slots')::int - (select count(*) from pg_replication_slots where not starts_with(slot_name, '${role}_')),
    current_setting('max_logical_replication_workers')`
  const [senders = '0', slots = '0', workers = '0'] = (await query(cluster, side, sql, signal))[0] ?? []
  for (const [name, free] of [
    ['max_wal_senders', senders],
    ['max_replication_slots', slots],
  ] as const) {
    if (Number(free) < needed) throw gate(`${free} of ${name} are free on ${side.address}; ${databases} databases need ${needed}.`)
  }
  if (Number(workers) < databases) throw gate(`max_logical_replication_workers is ${workers} on ${side.address}; the way back needs ${databases}.`)
}

/** Tables of people; those of an extension too, as its contents are rows like others. */
const names = (
  where: string,
) => `select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by 1) from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)' and ${where}`

/** What logical replication does not carry: who has it, in SQL (null or 0: nobody), and the sentence about it. Documentation, "Restrictions". */
const limits: readonly { readonly sql: string; readonly refused: boolean; readonly tell: (database: string, found: string) => string }[] = [
  {
    refused: true,
    sql: names(`c.relkind in ('r', 'p') and c.relpersistence = 'p' and (c.relreplident = 'n'
      or c.relreplident = 'd' and not exists (select from pg_index where indrelid = c.oid and indisprimary)
      or c.relreplident = 'i' and not exists (select from pg_index where indrelid = c.oid and indisreplident))`),
    tell: (database, found) =>
      `Tables of ${database} have no primary key and no other replica identity, so their updates cannot be replicated: ${short(found)}.`,
  },
  {
    refused: true,
    sql: 'select count(*)::text from pg_largeobject_metadata',
    tell: (database, found) => `${database} has ${found} large objects, which logical replication does not carry.`,
  },
  {
    refused: true,
    sql: "select string_agg(subname, ', ') from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()",
    tell: (database, found) => `${database} is subscribed to another server (${short(found)}); that is not carried over.`,
  },
  {
    refused: false,
    sql: names("c.relkind = 'r' and c.relpersistence = 'u'"),
    tell: (database, found) => `What is in unlogged tables of ${database} is not carried over: ${short(found)}.`,
  },
  {
    refused: false,
    sql: names("c.relkind = 'm'"),
    tell: (database, found) => `Materialized views of ${database} are empty over there until REFRESH MATERIALIZED VIEW: ${short(found)}.`,
  },
]

async function look(both: Both, side: Side, database: string, signal: AbortSignal): Promise<Found> {
  const sql = `select pg_database_size(current_database()), ${limits.map((limit) => `(${limit.sql})`).join(', ')}`
  const [bytes, ...found] = (await query(both[side.name], side, sql, signal, stringOf(database)))[0] ?? []
  const told = limits.flatMap(({ refused, tell }, index) => {
    const value = found[index] ?? ''
    return value === '' || value === '0' ? [] : [{ refused, text: tell(database, value) }]
  })
  const textsOf = (refused: boolean) => told.flatMap((each) => (each.refused === refused ? [each.text] : []))
  return { refused: textsOf(true), warnings: textsOf(false), bytes: Number(bytes) }
}

function short(list: string): string {
  const all = list.split(', ')
  return all.length <= named ? list : `${all.slice(0, named).join(', ')} and ${all.length - named} more`
}

/** A name with spaces is no connection string. */
function stringOf(database: string): string {
  return `dbname='${database}'`
}

/** Extensions and locales that the other side has not. */
async function refuseMissing(both: Both, { from, to }: Pair, databases: readonly string[], signal: AbortSignal): Promise<void> {
  const wanted = new Set<string>()
  for (const database of databases)
    for (const [name = ''] of await query(both[from.name], from, 'select extname from pg_extension', signal, stringOf(database))) wanted.add(name)
  const script = 'version=$1; shift; for name; do [ -e "/usr/share/postgresql/$version/extension/$name.control" ] || echo "$name"; done'
  const absent = (await to.run(['sh', '-c', script, 'sh', both[to.name].version, ...wanted], { signal })).stdout.trim().split('\n').join(', ')
  if (absent !== '') throw gate(`${to.address} lacks extensions of the databases: ${absent}. Install their packages for PostgreSQL ${both[to.name].version}.`)
  const locales = await query(both[from.name], from, `select distinct unnest(array[datcollate, datctype]) from pg_database where ${moved}`, signal)
  const known = new Set((await to.run(['locale', '-a'], { signal })).stdout.split('\n').map(localeKey))
  const unknown = locales.map(([name = '']) => name).filter((name) => !known.has(localeKey(name)))
  if (unknown.length > 0) throw gate(`${to.address} lacks locales of the databases: ${unknown.join(', ')}.`)
}

/** As glibc compares names of locales: `C.UTF-8` is `C.utf8`. */
export function localeKey(locale: string): string {
  const [name = '', charset] = locale.trim().split('.')
  return charset === undefined ? name : `${name}.${charset.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`
}

async function refuseNoSpace(both: Both, side: Side, bytes: number, signal: AbortSignal): Promise<void> {
  const { cluster, copy } = logicalPlaces(both, side)
  const script = 'df -B1 --output=avail "$(dirname "$1")" | tail -1; if [ -e "$2" ]; then du -sxB1 "$1" | cut -f1; else echo 0; fi'
  const [free = 0, kept = 0] = (await side.run(['sh', '-c', script, 'sh', cluster.folder, copy], { signal })).stdout.trim().split('\n').map(Number)
  if (free + kept >= bytes * 1.1) return
  throw new LifeboatError(
    'disk-too-small',
    `The databases take ${formatBytes(bytes)}; ${side.address} has ${formatBytes(free + kept)} for them, and a tenth more is needed.`,
    { details: { bytes, free } },
  )
}

function gate(sentence: string): LifeboatError {
  return new LifeboatError('gate-closed', sentence)
}
