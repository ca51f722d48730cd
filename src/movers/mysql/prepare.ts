// Before the first sync: whether the two servers fit each other. Nothing of the source is changed.
import { LifeboatError } from '../../core/errors.ts'
import type { Pair, Prepared, Side } from '../mover.ts'
import { ownSchemas, ready, standing } from './follow.ts'
import { mariadbVersion, readVariables } from './replies.ts'
import { following, query, type Server } from './talk.ts'

type Variables = ReadonlyMap<string, string>

const userTables = `from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in (${ownSchemas})`
/** In words that begin with what is wrong, so that the answer is the whole reason. */
const mostNamed = 5

/** Fails with gate-closed and every reason why the two do not fit, disk-too-small, node-failed, or node-tool-missing. */
export async function prepare(server: Server, pair: Pair, signal: AbortSignal): Promise<Prepared> {
  const { from, to } = pair
  const ask = async (side: Side, sql: string) => await query(server, side, sql, signal)
  const variables = async (side: Side) => readVariables(await ask(side, 'show global variables'))
  const here = await variables(from)
  refuse(server, [...unfit(here), ...(await unfitContent(server, from, signal))])
  await ready(server, pair, signal)
  const there = await variables(to)
  const isOurs = (await standing(server, to, signal))?.isClosed === true
  const foreign = isOurs ? '' : await ask(to, `select group_concat(schema_name) from information_schema.schemata where schema_name not in (${ownSchemas})`)
  refuse(server, [
    ...misfit(here, there),
    ...(['', 'NULL'].includes(foreign.trim()) ? [] : [`the target holds databases of its own (${foreign.trim()}), which a first sync would remove`]),
  ])
  const bytes = Number(await ask(from, `select coalesce(sum(data_length + index_length), 0) ${userTables}`))
  await refuseSmall(server, to, bytes, signal)
  return { files: 0, bytes, warnings: [...(await warningsOf(server, from, here, signal)), ...differences(here, there), ...resumable(server, isOurs)] }
}

function refuse(server: Server, why: readonly string[]): void {
  if (why.length > 0) throw new LifeboatError('gate-closed', `MariaDB ${server.name} cannot be moved: ${why.join('; ')}.`, { details: { why } })
}

/** What speaks against moving the source by replication at all. */
function unfit(here: Variables): readonly string[] {
  const version = here.get('version') ?? ''
  if (mariadbVersion(version) === null) return [`its version is ${version}: only MariaDB was ever tried, and MySQL has other words for the same`]
  return [
    ...(here.get('log_bin') === 'ON' ? [] : ['it keeps no binary log: set log_bin in its configuration and restart it']),
    ...(here.get('skip_networking') === 'OFF' ? [] : ['it does not listen on TCP (skip_networking)']),
    ...(here.get('wsrep_on') === 'ON' ? ['it is a node of a Galera cluster'] : []),
    ...(here.get('read_only') === 'OFF' ? [] : ['it is read-only']),
  ]
}

async function unfitContent(server: Server, from: Side, signal: AbortSignal): Promise<readonly string[]> {
  const ask = async (sql: string) => (await query(server, from, sql, signal)).trim()
  const leader = await following(server, from, signal)
  // A dump in one transaction sees such a table at another time than its position, and replays what it has already.
  const loose = (await ask(`select concat(table_schema, '.', table_name) ${userTables} and engine <> 'InnoDB' order by 1`))
    .split('\n')
    .filter((name) => name !== '')
  const filters = await query(server, from, 'show master status', signal, 'vertical')
  const hasFilters = /^ *Binlog_(Do|Ignore)_DB: \S/m.test(filters)
  const holds = Number(await ask(`select count(*) from information_schema.schemata where schema_name not in (${ownSchemas})`))
  return [
    ...(leader === null ? [] : [`it follows ${leader.leader} itself`]),
    ...(loose.length === 0
      ? []
      : [`${loose.length} tables are not InnoDB (${loose.slice(0, mostNamed).join(', ')}${loose.length > mostNamed ? ', …' : ''}): alter them first`]),
    ...(hasFilters ? ['its binary log leaves databases out (binlog_do_db or binlog_ignore_db)'] : []),
    ...(holds === 0 ? ['it holds no database'] : []),
  ]
}

function misfit(here: Variables, there: Variables): readonly string[] {
  const [old, young] = [mariadbVersion(here.get('version') ?? ''), mariadbVersion(there.get('version') ?? '')]
  const isOlder = old === null || young === null || young[0] < old[0] || (young[0] === old[0] && young[1] < old[1])
  const same = ['lower_case_table_names', 'port'].filter((name) => here.get(name) !== there.get(name))
  return [
    ...(isOlder ? [`the target has version ${there.get('version')}, the source ${here.get('version')}`] : []),
    ...same.map((name) => `${name} is ${here.get(name)} on the source and ${there.get(name)} on the target`),
  ]
}

/** What applications may notice after the switch; the configuration is not carried over. */
function differences(here: Variables, there: Variables): readonly string[] {
  return ['character_set_server', 'collation_server', 'sql_mode', 'max_connections', 'time_zone']
    .filter((name) => here.get(name) !== there.get(name))
    .map((name) => `${name} is ${here.get(name)} on the source and ${there.get(name)} on the target.`)
}

async function warningsOf(server: Server, from: Side, here: Variables, signal: AbortSignal): Promise<readonly string[]> {
  // Until 10.10 SUPER has it, too.
  const free = await query(
    server,
    from,
    `select distinct grantee from information_schema.user_privileges where privilege_type in ('READ_ONLY ADMIN', 'READ ONLY ADMIN'${here.get('version')?.startsWith('10.11') === true ? '' : ", 'SUPER'"}) order by 1`,
    signal,
  )
  const names = free.split('\n').filter((name) => name !== '' && !name.startsWith("'root'@") && !name.startsWith("'mariadb.sys'@"))
  return names.length === 0 ? [] : [`${names.join(', ')} of ${server.name} may write in spite of read_only: nothing may use them during the switch.`]
}

function resumable(server: Server, isOurs: boolean): readonly string[] {
  return isOurs ? [] : [`The first copy of ${server.name} begins anew when it is interrupted.`]
}

async function refuseSmall(server: Server, to: Side, bytes: number, signal: AbortSignal): Promise<void> {
  const { stdout } = await to.run(['df', '-B1', '--output=avail,used', server.folder], { signal })
  const [free = 0, used = 0] = (stdout.trim().split('\n').at(-1) ?? '').trim().split(/\s+/).map(Number)
  if (free + used >= bytes) return
  const mib = (count: number) => Math.ceil(count / 1024 / 1024)
  throw new LifeboatError('disk-too-small', `MariaDB ${server.name} holds ${mib(bytes)} MiB; the target's disk offers ${mib(free + used)} MiB.`)
}
