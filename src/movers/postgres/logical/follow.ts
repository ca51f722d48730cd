// Making one side follow the other by rows: role, publication and slots on the side that serves, a cluster with its schema
// and subscriptions on the other one. All of it is safe to repeat.
import { LifeboatError } from '../../../core/errors.ts'
import { formatBytes } from '../../../core/units.ts'
import { sleep } from '../../../io/wait.ts'
import { act, look, tryAct } from '../../act.ts'
import type { Pair, Side } from '../../mover.ts'
import { asPostgres, exists, lastLine, psql, query } from '../cluster.ts'
import { passwordOf, put, roleOf } from '../introduce.ts'
import { logicalPlaces, moved, type Both } from './both.ts'
import { countLeft, feed, follow, letGo, over, seed, subscribe, systemId, unfollow } from './scripts.ts'

const seedDeadlineMs = 7 * 24 * 3_600_000
/** Copies of tables that fail so often in a row, with none that came to its end in between, will not succeed. */
const failuresInARow = 3

export type Say = (text: string) => void

/** Makes `to` follow `from`. Answers how many bytes were copied for that. */
export async function ensureFollowing(both: Both, pair: Pair, signal: AbortSignal, say: Say): Promise<number> {
  const state = await stateOf(both, pair, signal)
  if (state === 'follows') return 0
  await introduce(both, pair, signal)
  if (state === 'may follow') {
    await act(pair.to, follow(both, pair.to), { signal, role: 'closed' })
    await act(pair.to, subscribe(both, pair.to, false), { signal, role: 'closed' })
    return 0
  }
  return await copy(both, pair, signal, say)
}

type State = 'follows' | 'may follow' | 'is no copy'

async function stateOf(both: Both, { from, to }: Pair, signal: AbortSignal): Promise<State> {
  const { role, vain } = logicalPlaces(both, to)
  const [slots, subscriptions, isVain] = await Promise.all([
    query(both[from.name], from, `select wal_status from pg_replication_slots where starts_with(slot_name, '${role}_')`, signal),
    look(to, psql(both[to.name], `select count(*) from pg_subscription where subname = '${role}' and subenabled`), { signal, deadlineMs: 20_000 }),
    exists(to, vain, signal),
  ])
  if (isVain || slots.length === 0 || slots.some(([status]) => status === 'lost')) return 'is no copy'
  return subscriptions.exitCode === 0 && Number(subscriptions.stdout) === slots.length ? 'follows' : 'may follow'
}

/** Turns the direction round without a copy: the slots of the side that serves were made before it did. */
export async function turnRound(both: Both, pair: Pair, signal: AbortSignal): Promise<void> {
  await ensureFollowing(both, pair, signal, () => undefined)
  await act(pair.from, unfollow(both, pair.from), { signal, role: 'open' })
  await act(pair.to, letGo(both, pair.to, ''), { signal, role: 'closed' })
}

/** Role, password and settings on both sides, publications on the one that serves; then one try over the way. */
async function introduce(both: Both, pair: Pair, signal: AbortSignal): Promise<void> {
  const { from } = pair
  const password = await passwordOf(pair, (side) => logicalPlaces(both, side).pass, signal)
  const databases = Number((await query(both[from.name], from, `select count(*) from pg_database where ${moved}`, signal))[0]?.[0])
  const settings = await settingsOf(both, from, databases, signal)
  for (const side of [pair.from, pair.to]) {
    const places = logicalPlaces(both, side)
    await put(side, places.pass, '600', `127.0.0.1:${places.way}:*:${places.role}:${password}\n`, signal)
    await put(side, places.settings, '644', settings, signal)
  }
  const { role } = logicalPlaces(both, from)
  // All rights, for the time of the move: copying the schema reads passwords of roles.
  const start = `${roleOf(role, password, 'superuser replication')}\nselect pg_reload_conf();`
  await act(from, feed(both, from), { signal, input: start, role: 'open' })
  const publish = `do 'begin if not exists (select from pg_publication where pubname = ''${role}'') then create publication ${role} for all tables; end if; end'`
  await act(from, over(both, from, publish), { signal, role: 'open' })
  await tryWay(both, pair, signal)
}

/** Enough workers and slots for as many databases, in either direction; a side takes them over when it is started next. */
async function settingsOf(both: Both, side: Side, databases: number, signal: AbortSignal): Promise<string> {
  const names = ['max_worker_processes', 'max_logical_replication_workers', 'max_replication_slots', 'max_wal_senders'] as const
  const sql = names.map((name) => `current_setting('${name}')`).join(', ')
  const now = (await query(both[side.name], side, `select ${sql}`, signal))[0] ?? []
  const needed = {
    max_worker_processes: 12 + databases,
    max_logical_replication_workers: 4 + databases,
    max_replication_slots: 10 + 2 * databases,
    max_wal_senders: 10 + databases,
  }
  const lines = names.map((name, index) => `${name} = ${Math.max(needed[name], Number(now[index]))}`)
  const own = [`max_slot_wal_keep_size = ${both[side.name].keepWalMiB}MB`, 'wal_level = logical', 'wal_retrieve_retry_interval = 100ms']
  return ['# Kept by Lifeboat; goes with the end of the move.', ...own, ...lines, ''].join('\n')
}

async function tryWay(both: Both, { from, to }: Pair, signal: AbortSignal): Promise<void> {
  const { role, pass, way } = logicalPlaces(both, to)
  const words = [...asPostgres, `PGPASSFILE=${pass}`, 'PGCONNECT_TIMEOUT=10', 'psql', '-XAtqw', '-d', `host=127.0.0.1 port=${way} user=${role} dbname=postgres`]
  const result = await to.run([...words, '-c', 'select 1'], { signal, deadlineMs: 20_000 })
  if (result.exitCode === 0) return
  throw new LifeboatError(
    'gate-closed',
    `PostgreSQL on ${from.address} does not let the other side in from its own loopback (${lastLine(result.stderr)}). Its pg_hba.conf needs: host all ${role} 127.0.0.1/32 scram-sha-256.`,
  )
}

async function copy(both: Both, pair: Pair, signal: AbortSignal, say: Say): Promise<number> {
  const { from, to } = pair
  const [giving, receiving] = [both[from.name], both[to.name]]
  if (Number(giving.version) > Number(receiving.version)) {
    const text = `What is on ${to.address} does not follow any more (it was promoted in vain, or more than ${giving.keepWalMiB} MiB behind), and PostgreSQL ${giving.version} is not copied back to ${receiving.version}: there is no way back.`
    throw new LifeboatError('cannot-follow', text)
  }
  const sql = `select sum(pg_database_size(oid)), (select pg_encoding_to_char(encoding) || ' ' || datcollate || ' ' || datctype from pg_database where datname = 'template1')
    from pg_database where ${moved}`
  const [size = '0', locale = ''] = (await query(giving, from, sql, signal))[0] ?? []
  const [encoding = '', collate = '', ctype = ''] = locale.split(' ')
  say(`${formatBytes(Number(size))} are copied table by table; a table that is cut off begins anew.`)
  // A copy that a dead controller had begun must not go on beside ours.
  await to.call({ op: 'end-copies' }, signal)
  const { before } = logicalPlaces(both, to)
  const subscriber = await systemIdOf(both, to, signal)
  const made = await tryAct(to, seed(both, to, { before, encoding, collate, ctype }), { signal, role: 'closed', deadlineMs: seedDeadlineMs })
  if (made.exitCode !== 0) throw new LifeboatError('sync-failed', `The schema did not go over to ${to.address}: ${lastLine(made.stderr)}`)
  await act(from, letGo(both, from, subscriber), { signal, role: 'open' })
  await act(to, subscribe(both, to, true), { signal, role: 'closed', deadlineMs: 300_000 })
  await copied(both, to, signal, say)
  return Number(size)
}

/** By which a subscriber is known; empty where there is no cluster, or no answer. */
export async function systemIdOf(both: Both, side: Side, signal: AbortSignal): Promise<string> {
  const found = await look(side, systemId(both, side), { signal, deadlineMs: 20_000 })
  return /^\d+$/.exec(found.stdout.trim())?.[0] ?? ''
}

/** Waits until every table is copied and follows. */
async function copied(both: Both, side: Side, signal: AbortSignal, say: Say): Promise<void> {
  for (let [last, failedThen] = [-1, 0]; ;) {
    const rows = (await act(side, countLeft(both, side), { signal, role: 'closed' })).trim().split('\n')
    const [left, all, failed] = [0, 1, 2].map((field) => rows.reduce((sum, row) => sum + Number(row.split('\t')[field]), 0)) as [number, number, number]
    if (left === 0) return
    if (left !== last) say(`${all - left} of ${all} tables are copied.`)
    if (left !== last) [last, failedThen] = [left, failed]
    if (failed - failedThen >= failuresInARow)
      throw new LifeboatError('sync-failed', `Copying tables fails on ${side.address} again and again; the log of PostgreSQL there says why.`)
    await sleep(500, signal)
  }
}

export type Seen = { readonly reached: string; readonly missing: number; readonly lagSeconds: number }

/** Waits on the side that serves until the other one has confirmed what was written up to a position, and how much is missing when time is up. */
export async function confirmed(both: Both, { from }: Pair, wanted: string, limitMs: number, signal: AbortSignal): Promise<Seen> {
  const { role } = logicalPlaces(both, from)
  const mine = `pg_replication_slots where starts_with(slot_name, '${role}_')`
  const wait = `do $$ begin for i in 1..${Math.ceil(limitMs / 5)} loop exit when not exists (select from ${mine} and confirmed_flush_lsn < '${wanted}'); perform pg_sleep(0.005); end loop; end $$`
  const where = `select min(confirmed_flush_lsn), greatest(0, '${wanted}'::pg_lsn - min(confirmed_flush_lsn)),
    (select coalesce(max(extract(epoch from replay_lag)), 0) from pg_stat_replication where usename = '${role}') from ${mine}`
  const result = await look(from, psql(both[from.name], `${wait}; ${where}`), { signal, deadlineMs: limitMs + 10_000 })
  const [reached = '', missing = '', lag = ''] = result.stdout.trim().split('\t')
  if (result.exitCode === 0 && reached !== '') return { reached, missing: Number(missing), lagSeconds: Number(missing) === 0 ? 0 : Number(lag) }
  signal.throwIfAborted()
  throw new LifeboatError('sync-failed', `PostgreSQL on ${from.address} has no slots of this move any more, or does not answer: ${lastLine(result.stderr)}`)
}
