// What must hold before a replica may be made: copied byte by byte, it must be read by the same program over there.
import { LifeboatError } from '../../core/errors.ts'
import { formatBytes } from '../../core/units.ts'
import type { Pair, Prepared, Side } from '../mover.ts'
import { exists, lastLine, placesOf, query, standing, unitOf, type Cluster } from './cluster.ts'

/** A replica refuses to start with less of these than its primary has (documentation, "Administrator's Overview" of hot standby). */
const atLeast = ['max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions', 'max_locks_per_transaction'] as const
/** A slot, its connection, and one more while the first copy is made. */
const sendersNeeded = 2

export async function prepare(cluster: Cluster, pair: Pair, signal: AbortSignal): Promise<Prepared> {
  await refuseNoPrimary(cluster, pair.from, signal)
  const [here, there] = [await machineOf(cluster, pair.from, signal), await machineOf(cluster, pair.to, signal)]
  const collated = await query(
    cluster,
    pair.from,
    "select count(*) from pg_database where datallowconn and (datcollate not in ('C', 'POSIX') or datlocprovider = 'i')",
    signal,
  )
  for (const [what, isNeeded] of [
    ['machine', true],
    ['server', true],
    ['collations', Number(collated[0]?.[0]) > 0],
  ] as const) {
    if (!isNeeded || here[what] === there[what]) continue
    throw gate(
      `A replica needs the same ${what} on both sides: ${pair.from.address} has ${here[what]}, ${pair.to.address} has ${there[what]}. Rows alone may go where that differs: say \`target:\`.`,
    )
  }
  await refuseTooFew(cluster, pair.from, signal)
  await refuseMissingLibraries(cluster, pair, signal)
  const bytes = await refuseNoSpace(cluster, pair, signal)
  const copyFirst = (await exists(pair.to, placesOf(cluster, pair.to).copy, signal))
    ? []
    : [
        `The first copy of ${formatBytes(bytes)} cannot be resumed: cut off, it begins anew. What is in ${cluster.folder} of ${pair.to.address} is put aside until the move is finished.`,
      ]
  return { files: 0, bytes, warnings: [...copyFirst, ...(await differentSettings(cluster, pair, signal))] }
}

async function refuseNoPrimary(cluster: Cluster, side: Side, signal: AbortSignal): Promise<void> {
  const now = await standing(cluster, side, signal)
  if (now === null) throw gate(`${unitOf(cluster)} does not answer on ${side.address}.`)
  if (now.inRecovery) throw gate(`PostgreSQL on ${side.address} is a replica itself; move its primary.`)
  const [row] = await query(
    cluster,
    side,
    "select current_setting('wal_level'), current_setting('data_directory'), (select count(*) from pg_tablespace) - 2",
    signal,
  )
  if (row?.[0] === 'minimal') throw gate(`wal_level is minimal on ${side.address}; a replica needs replica or logical.`)
  if (row?.[1] !== cluster.folder) throw gate(`The cluster on ${side.address} lies in ${row?.[1]}, not in ${cluster.folder}: say so with \`folder:\`.`)
  if (row?.[2] !== '0') throw gate(`The cluster on ${side.address} has ${row?.[2]} tablespaces of its own; those are not moved yet.`)
}

/** What a cluster depends on beside its files. glibc decides how texts are sorted, and so what its indexes mean. */
async function machineOf(cluster: Cluster, side: Side, signal: AbortSignal): Promise<Readonly<Record<'machine' | 'server' | 'collations', string>>> {
  const { bin, etc } = placesOf(cluster, side)
  const script = `uname -m; "$1/postgres" --version | cut -d" " -f3 | cut -d. -f1; getconf GNU_LIBC_VERSION; ldconfig -p | grep -o "libicui18n.so.[0-9]*" | sort -u | tr "\\n" " "; test -d "$2/conf.d" || echo "there is no $2/conf.d" >&2`
  const result = await side.run(['sh', '-c', script, 'sh', bin, etc], { signal })
  const [machine = '', server = '', libc = '', icu = ''] = result.stdout.split('\n').map((line) => line.trim())
  if (server === '') throw new LifeboatError('node-tool-missing', `PostgreSQL ${cluster.version} is not installed on the ${side.name} ${side.address}.`)
  if (result.stderr.trim() !== '')
    throw gate(`On ${side.address} ${lastLine(result.stderr)}: the cluster ${cluster.version}/${cluster.name} must exist on both sides.`)
  return { machine, server, collations: [libc, icu].filter((text) => text !== '').join(', ') }
}

async function refuseTooFew(cluster: Cluster, side: Side, signal: AbortSignal): Promise<void> {
  const { role } = placesOf(cluster, side)
  const sql = `select current_setting('max_wal_senders')::int - (select count(*) from pg_stat_replication where usename <> '${role}'),
    current_setting('max_replication_slots')::int - (select count(*) from pg_replication_slots where slot_name <> '${role}')`
  const [senders = '0', slots = '0'] = (await query(cluster, side, sql, signal))[0] ?? []
  if (Number(senders) < sendersNeeded) throw gate(`${senders} of max_wal_senders are free on ${side.address}; a replica needs ${sendersNeeded}.`)
  if (Number(slots) < 1) throw gate(`None of max_replication_slots is free on ${side.address}; a replica needs 1.`)
}

/** Extensions are in the copy, their libraries are not. */
async function refuseMissingLibraries(cluster: Cluster, { from, to }: Pair, signal: AbortSignal): Promise<void> {
  const databases = await query(cluster, from, 'select datname from pg_database where datallowconn', signal)
  const wanted = new Set<string>()
  for (const [name = ''] of databases) {
    for (const [library = ''] of await query(cluster, from, "select distinct probin from pg_proc where probin like '$libdir/%'", signal, name))
      wanted.add(library.replace('$libdir/', ''))
  }
  const script = 'dir=$("$1/pg_config" --pkglibdir) && shift && for name; do [ -e "$dir/$name.so" ] || [ -e "$dir/$name" ] || echo "$name"; done'
  const result = await to.run(['sh', '-c', script, 'sh', placesOf(cluster, to).bin, ...wanted], { signal })
  const missing = result.stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
  if (result.exitCode !== 0 || missing.length === 0) return
  throw gate(`${to.address} lacks libraries that functions of the databases are in: ${missing.join(', ')}. Install the packages of these extensions.`)
}

async function refuseNoSpace(cluster: Cluster, { from, to }: Pair, signal: AbortSignal): Promise<number> {
  const bytes = Number((await query(cluster, from, 'select sum(pg_database_size(oid)) from pg_database', signal))[0]?.[0] ?? 0)
  const { copy } = placesOf(cluster, to)
  const script = 'df -B1 --output=avail "$(dirname "$1")" | tail -1; if [ -e "$2" ]; then du -sxB1 "$1" | cut -f1; else echo 0; fi'
  const result = await to.run(['sh', '-c', script, 'sh', cluster.folder, copy], { signal })
  const [free = 0, kept = 0] = result.stdout.trim().split('\n').map(Number)
  if (free + kept >= bytes * 1.1) return bytes
  throw new LifeboatError(
    'disk-too-small',
    `The databases take ${formatBytes(bytes)}; ${to.address} has ${formatBytes(free + kept)} for them, and a tenth more is needed.`,
    { details: { bytes, free } },
  )
}

/** Configuration is the node's own and is not carried over: what differs is told, what would keep a replica from starting is refused. */
async function differentSettings(cluster: Cluster, { from, to }: Pair, signal: AbortSignal): Promise<readonly string[]> {
  if ((await standing(cluster, to, signal)) === null) return ['Settings were not compared: PostgreSQL does not run on the other side yet.']
  const sql =
    "select name, setting from pg_settings where (source = 'configuration file' or name in (" +
    atLeast.map((name) => `'${name}'`).join(', ') +
    ")) and name not like 'primary_%'"
  const [here, there] = (await Promise.all([from, to].map(async (side) => await query(cluster, side, sql, signal)))).map(
    (rows) => new Map(rows.map(([name = '', value = '']) => [name, value])),
  )
  for (const name of atLeast) {
    const [mine, theirs] = [Number(here?.get(name)), Number(there?.get(name))]
    if (theirs < mine) throw gate(`${name} is ${theirs} on ${to.address} and ${mine} on ${from.address}: a replica would not start. Raise it there.`)
  }
  const names = [...new Set([...(here?.keys() ?? []), ...(there?.keys() ?? [])])].filter((name) => here?.get(name) !== there?.get(name)).sort()
  const hba = "select string_agg(format('%s %s %s %s %s', type, database, user_name, address, auth_method), ';' order by line_number) from pg_hba_file_rules"
  const rules = await Promise.all([from, to].map(async (side) => (await query(cluster, side, hba, signal))[0]?.[0]))
  return [
    ...(names.length === 0 ? [] : [`Settings are not carried over, and these differ on ${to.address}: ${names.join(', ')}.`]),
    ...(rules[0] === rules[1] ? [] : [`pg_hba.conf is not carried over, and that of ${to.address} differs.`]),
  ]
}

function gate(sentence: string): LifeboatError {
  return new LifeboatError('gate-closed', sentence)
}
