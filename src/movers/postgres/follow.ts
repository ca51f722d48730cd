// Making one side follow the other: role, slot, settings and way, then what is missing: nothing, a start, a rewind or a
// new copy. All of it is safe to repeat.
import { LifeboatError, codeOf } from '../../core/errors.ts'
import { formatBytes } from '../../core/units.ts'
import { sleep } from '../../io/wait.ts'
import { act, tryAct } from '../act.ts'
import type { Pair, Side } from '../mover.ts'
import { asPostgres, control, exists, isStreaming, lastLine, placesOf, psql, query, standing, type Cluster } from './cluster.ts'
import { passwordOf, put, roleOf } from './introduce.ts'
import { clear, rewind, seed, startReplica } from './scripts.ts'

const seedDeadlineMs = 7 * 24 * 3_600_000
/** A replica that lost its connection tries again each 500 ms; the way needs a few seconds to notice a cut. */
const reconnectMs = 15_000

export type Say = (text: string) => void

/** Makes `to` follow `from`. Answers how many bytes were copied for that; 0: it did already, or only had to start. */
export async function ensureFollowing(cluster: Cluster, pair: Pair, signal: AbortSignal, say: Say): Promise<number> {
  const [streaming, slot] = await Promise.all([isStreaming(cluster, pair.to, signal), slotOf(cluster, pair.from, signal)])
  if (streaming && slot === 'kept') return 0
  const state = await stateOf(cluster, pair, signal)
  await introduce(cluster, pair, signal)
  if (state === 'may follow') {
    await act(pair.to, startReplica(cluster, pair.to), { signal, role: 'closed' })
    if (await streams(cluster, pair.to, signal)) return 0
    if (!(await exists(pair.to, placesOf(cluster, pair.to).copy, signal)))
      throw new LifeboatError('sync-failed', `The replica on ${pair.to.address} runs but receives nothing from ${pair.from.address}.`)
    say('The copy can follow no more, as what it needs of the log is gone: it is made anew.')
  }
  // A copy that a dead controller had begun must not go on beside ours.
  await pair.to.call({ op: 'end-copies' }, signal)
  if (state === 'has diverged' && (await rewound(cluster, pair, signal, say))) return 0
  return await copy(cluster, pair, signal, say)
}

type State = 'may follow' | 'has diverged' | 'is no copy'

/** A copy on another timeline, or ahead of the other side, was promoted in vain. What served follows when it ended before the other began. */
async function stateOf(cluster: Cluster, { from, to }: Pair, signal: AbortSignal): Promise<State> {
  const [serving, there, isCopy, isStandby] = await Promise.all([
    standing(cluster, from, signal),
    control(cluster, to, signal).catch(() => null),
    exists(to, placesOf(cluster, to).copy, signal),
    exists(to, placesOf(cluster, to).standby, signal),
  ])
  if (serving === null || serving.inRecovery) throw new LifeboatError('sync-failed', `PostgreSQL on ${from.address} is no primary that runs.`)
  if (there === null || !isStandby) return isCopy && there !== null ? 'has diverged' : 'is no copy'
  if ((await slotOf(cluster, from, signal)) === 'lost') return 'is no copy'
  const isAhead = there.timeline > serving.timeline || (there.timeline === serving.timeline && there.checkpoint > serving.position)
  return isAhead ? 'has diverged' : 'may follow'
}

/** Whether the log that the other side needs is still there. */
async function slotOf(cluster: Cluster, side: Side, signal: AbortSignal): Promise<'kept' | 'lost' | 'none'> {
  const rows = await query(cluster, side, `select wal_status from pg_replication_slots where slot_name = '${placesOf(cluster, side).role}'`, signal)
  const status = rows[0]?.[0]
  return status === undefined ? 'none' : status === 'lost' ? 'lost' : 'kept'
}

/** Role, password, settings and slot, on both sides; then one try over the way, before anything depends on it. */
async function introduce(cluster: Cluster, pair: Pair, signal: AbortSignal): Promise<void> {
  const { from, to } = pair
  const { role, settings, follow, pass, way } = placesOf(cluster, from)
  const password = await passwordOf(pair, () => pass, signal)
  const bounds = `# Kept by Lifeboat; goes with the end of the move.\nmax_slot_wal_keep_size = ${cluster.keepWalMiB}MB\nwal_retrieve_retry_interval = 500ms\n`
  for (const side of [from, to]) {
    await put(side, pass, '600', `127.0.0.1:${way}:*:${role}:${password}\n`, signal)
    await put(side, settings, '644', bounds, signal)
  }
  const conninfo = `host=127.0.0.1 port=${way} user=${role} passfile=${pass} application_name=${role}`
  await put(to, follow, '644', `# Kept by Lifeboat; only while this side follows.\nprimary_conninfo = '${conninfo}'\nprimary_slot_name = '${role}'\n`, signal)
  // Over stdin: what ps shows of a process is for everybody on the node.
  const sql = `${roleOf(role, password, 'replication')}
grant execute on function pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), pg_read_binary_file(text), pg_read_binary_file(text, bigint, bigint, boolean) to ${role};
select pg_reload_conf();
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '${role}' and wal_status = 'lost';
select pg_create_physical_replication_slot('${role}', true) where not exists (select from pg_replication_slots where slot_name = '${role}');`
  await act(from, [...psql(cluster, '').slice(0, -2), '-f', '-'], { signal, input: sql, role: 'open' })
  await tryWay(cluster, pair, signal)
}

async function tryWay(cluster: Cluster, { from, to }: Pair, signal: AbortSignal): Promise<void> {
  const { role, pass, way } = placesOf(cluster, to)
  const words = [...asPostgres, `PGPASSFILE=${pass}`, 'PGCONNECT_TIMEOUT=10', 'psql', '-XAtqw']
  const result = await to.run([...words, '-d', `host=127.0.0.1 port=${way} user=${role} replication=true`, '-c', 'IDENTIFY_SYSTEM'], {
    signal,
    deadlineMs: 20_000,
  })
  if (result.exitCode === 0) return
  throw new LifeboatError(
    'gate-closed',
    `PostgreSQL on ${from.address} lets no replica in from its own loopback (${lastLine(result.stderr)}). Its pg_hba.conf needs: host replication ${role} 127.0.0.1/32 scram-sha-256.`,
  )
}

async function rewound(cluster: Cluster, { from, to }: Pair, signal: AbortSignal, say: Say): Promise<boolean> {
  const there = await control(cluster, to, signal)
  if (!there.hasChecksums && !there.hasHints) {
    say('The copy was promoted in vain and cannot be rewound, as neither checksums nor wal_log_hints are on: it is made anew.')
    return false
  }
  say('The copy was promoted in vain: it is rewound.')
  const result = await tryAct(to, rewind(cluster, to), { signal, role: 'closed', deadlineMs: 3_600_000 })
  if (result.exitCode === 0) {
    await act(to, startReplica(cluster, to), { signal, role: 'closed' })
    if (await streams(cluster, to, signal)) return true
  }
  say(`It could not be rewound (${lastLine(result.stderr)}): it is made anew. ${from.address} is not changed by that.`)
  return false
}

async function copy(cluster: Cluster, { from, to }: Pair, signal: AbortSignal, say: Say): Promise<number> {
  const bytes = Number((await query(cluster, from, 'select sum(pg_database_size(oid)) from pg_database', signal))[0]?.[0] ?? 0)
  say(`${formatBytes(bytes)} are copied as a whole; cut off, that begins anew.`)
  await act(to, clear(cluster, to, placesOf(cluster, to).before), { signal, role: 'closed' })
  const result = await tryAct(to, seed(cluster, to), { signal, role: 'closed', deadlineMs: seedDeadlineMs })
  if (result.exitCode !== 0) {
    const words = lastLine(result.stderr)
    throw new LifeboatError(
      /No space left/.test(result.stderr) ? 'disk-too-small' : 'sync-failed',
      `The copy of PostgreSQL to ${to.address} ended early: ${words}`,
    )
  }
  await act(to, startReplica(cluster, to), { signal, role: 'closed' })
  if (!(await streams(cluster, to, signal))) throw new LifeboatError('sync-failed', `The new replica on ${to.address} receives nothing from ${from.address}.`)
  return bytes
}

async function streams(cluster: Cluster, side: Side, signal: AbortSignal): Promise<boolean> {
  for (const end = performance.now() + reconnectMs; ;) {
    const now = await isStreaming(cluster, side, signal).catch((error: unknown) => {
      if (codeOf(error) === 'timeout') return false
      throw error
    })
    if (now || performance.now() > end) return now
    await sleep(100, signal)
  }
}
