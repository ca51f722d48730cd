// One cluster of Debian's postgresql-common on either side: where its things are, and how it is asked.
import { basename } from 'node:path'
import { LifeboatError } from '../../core/errors.ts'
import { wayTo } from '../../core/way.ts'
import { look } from '../act.ts'
import type { Side } from '../mover.ts'
import { marks, parseControl, type Control } from './control.ts'
import { parseLsn } from './lsn.ts'

export type Cluster = {
  readonly version: string
  readonly name: string
  readonly port: number
  readonly folder: string
  /** Most of its write-ahead log that may wait for the other side (V14). */
  readonly keepWalMiB: number
}

export function unitOf({ version, name }: Cluster): string {
  return `postgresql@${version}-${name}.service`
}

/** Files of ours for this cluster. All but `copy` are beside its configuration. */
export function placesOf(cluster: Cluster, side: Side) {
  const { version, name, folder } = cluster
  const move = basename(side.folder)
  const etc = `/etc/postgresql/${version}/${name}`
  return {
    etc,
    bin: `/usr/lib/postgresql/${version}/bin`,
    settings: `${etc}/conf.d/lifeboat-${move}.conf`,
    /** Only on the side that follows: one that is sealed must follow nobody. */
    follow: `${etc}/conf.d/lifeboat-${move}-follow.conf`,
    pass: `${etc}/lifeboat-${move}.pass`,
    standby: `${folder}/standby.signal`,
    /** While it exists, the folder holds a copy of the other side and may be replaced. */
    copy: `${folder}.lifeboat-copy`,
    /** What was there before the first copy. */
    before: `${folder}.before-lifeboat`,
    /** Role and slot. */
    role: `lifeboat_${move.replaceAll('-', '_')}`,
    way: wayTo(cluster.port),
  }
}

/** Without a session of PAM, which takes longer than most questions. A home that is closed would be an error to libpq, none is not. */
export const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--', 'env', 'LC_ALL=C', 'HOME=/nonexistent'] as const

/** The words that run a query as the superuser, over the socket: fields by tabs, one row a line. */
export function psql(cluster: Cluster, sql: string, database = 'postgres'): readonly string[] {
  return [...asPostgres, 'psql', '-XAtq', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-p', String(cluster.port), '-d', database, '-c', sql]
}

/** Rows of a query that only reads. Fails with node-failed when it is not answered. */
export async function query(cluster: Cluster, side: Side, sql: string, signal: AbortSignal, database?: string): Promise<readonly (readonly string[])[]> {
  const result = await look(side, psql(cluster, sql, database), { signal, deadlineMs: 20_000 })
  if (result.exitCode !== 0) throw new LifeboatError('node-failed', `PostgreSQL on ${side.address} does not answer: ${lastLine(result.stderr)}`)
  const text = result.stdout.replace(/\n$/, '')
  return text === '' ? [] : text.split('\n').map((line) => line.split('\t'))
}

export type Standing = { readonly inRecovery: boolean; readonly position: bigint; readonly timeline: number }

/** Where a running cluster is: of a primary what it has flushed, of a replica what it has replayed. Null: it does not run. */
export async function standing(cluster: Cluster, side: Side, signal: AbortSignal): Promise<Standing | null> {
  const sql = `select r, case when r then coalesce(pg_last_wal_replay_lsn(), '0/0') else pg_current_wal_flush_lsn() end,
    (select timeline_id from pg_control_checkpoint()) from pg_is_in_recovery() r`
  const result = await look(side, psql(cluster, sql), { signal, deadlineMs: 20_000 })
  if (result.exitCode !== 0) return null
  const [recovery, position, timeline] = result.stdout.trim().split('\t')
  return { inRecovery: recovery === 't', position: parseLsn(position ?? ''), timeline: Number(timeline) }
}

/** Whether this side receives from the other one just now. */
export async function isStreaming(cluster: Cluster, side: Side, signal: AbortSignal): Promise<boolean> {
  const sql = `select 1 from pg_stat_wal_receiver where status = 'streaming' and sender_port = ${placesOf(cluster, side).way}`
  const result = await side.run(psql(cluster, sql), { signal, deadlineMs: 20_000 })
  return result.exitCode === 0 && result.stdout.trim() === '1'
}

/** What is on its disk, of a cluster that need not run. Fails with node-failed when there is none. */
export async function control(cluster: Cluster, side: Side, signal: AbortSignal): Promise<Control> {
  const { bin, standby } = placesOf(cluster, side)
  const script = `test ! -e "$1" || echo "${marks.isReplica}: yes"; test ! -e "$2/postmaster.pid" || echo "${marks.runs}: yes"; exec ${asPostgres.join(' ')} "$3/pg_controldata" -D "$2"`
  const result = await look(side, ['sh', '-c', script, 'sh', standby, cluster.folder, bin], { signal, deadlineMs: 20_000 })
  if (result.exitCode !== 0) throw new LifeboatError('node-failed', `${cluster.folder} on ${side.address} is no cluster: ${lastLine(result.stderr)}`)
  return parseControl(result.stdout)
}

export async function exists(side: Side, path: string, signal: AbortSignal): Promise<boolean> {
  return (await side.run(['test', '-e', path], { signal })).exitCode === 0
}

/** The last line of what a program complained about. */
export function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').slice(0, 300)
}
