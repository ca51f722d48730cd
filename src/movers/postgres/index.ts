// PostgreSQL by physical streaming: a replica on the other side, over the helpers' way. The switch stops the primary, sees
// that the replica has replayed its last record, and promotes it; the old primary then follows without a new copy.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { portField } from '../../core/fields.ts'
import { act, look } from '../act.ts'
import type { Difference, Mover, MoverAdapter, Pair } from '../mover.ts'
import { checkpoint } from './checkpoint.ts'
import { control, lastLine, placesOf, psql, query, standing, unitOf, type Cluster } from './cluster.ts'
import { parseControl } from './control.ts'
import { catchUp } from './catch-up.ts'
import { ensureFollowing, type Say } from './follow.ts'
import type { Both } from './logical/both.ts'
import { logicalMover } from './logical/index.ts'
import { parseLsn, showLsn } from './lsn.ts'
import { pausePooler } from './pooler.ts'
import { prepare } from './prepare.ts'
import { salvage } from './salvage.ts'
import { close, demote, discard, forget, promote, reopen, rest } from './scripts.ts'

const clusterField = z.string().regex(/^\d{1,2}\/[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must be version/name, as pg_lsclusters shows them')

const versionOf = (cluster: string): number => Number(cluster.split('/')[0])

const schema = z
  .strictObject({
    kind: z
      .literal('postgres')
      .describe('A cluster of PostgreSQL, kept in step by streaming replication, or by logical replication where its version changes.'),
    name: z.string().optional().describe('How reports and checks name it.'),
    cluster: clusterField.describe('Version and name, like 15/main; the same on both sides, unless target says otherwise.'),
    target: clusterField
      .optional()
      .describe('Version and name on the target, like 17/main: rows are replicated into a new cluster there (logical replication).'),
    port: portField.default(5432).describe('Where it listens on its loopback; default 5432.'),
    database: z.string().min(1).default('postgres').describe('Where checks of kind sql are asked; default postgres.'),
    folder: z.string().startsWith('/').optional().describe('Its data directory; default /var/lib/postgresql/VERSION/NAME. With target: that of the source.'),
    pgbouncer: portField
      .optional()
      .describe('Port of the pgbouncer in front of it on both nodes, whose clients wait in the freeze; port above is then among the ports of the move.'),
    keepWal: z.number().int().min(64).default(4096).describe('MiB of its log that may wait for the other side; more, and the copy is made anew.'),
  })
  .refine(({ cluster, target }) => target === undefined || versionOf(target) >= versionOf(cluster), {
    path: ['target'],
    message: 'must not be earlier than cluster',
  })

/** A pass waits so long for the replica; what is missing still is told as its lag. */
const passMs = 10_000
const finalMs = 15_000
const discardMs = 10 * 60_000

export const postgres: MoverAdapter<typeof schema> = {
  schema,
  connect: async (config) => {
    const both = bothOf(config)
    return config.target === undefined ? postgresMover(both.source, config) : logicalMover(both, config)
  },
  claims: (config) => {
    const { source, target } = bothOf(config)
    const poolers = config.pgbouncer === undefined ? [] : ['pgbouncer.service']
    const clusters = config.target === undefined ? [source] : [source, target]
    return { port: source.port, units: [...clusters.map(unitOf), 'postgresql.service', ...poolers], folders: clusters.map(({ folder }) => folder) }
  },
}

function bothOf(config: z.infer<typeof schema>): Both {
  const source = clusterOf(config)
  return { source, target: config.target === undefined ? source : clusterOf({ ...config, cluster: config.target, folder: undefined }) }
}

function clusterOf({ cluster, port, folder, keepWal }: z.infer<typeof schema>): Cluster {
  const [version = '', name = ''] = cluster.split('/')
  return { version, name, port, folder: folder ?? `/var/lib/postgresql/${cluster}`, keepWalMiB: keepWal }
}

function postgresMover(cluster: Cluster, { database, pgbouncer }: Pick<z.infer<typeof schema>, 'database' | 'pgbouncer'>): Mover {
  let passed: bigint | null = null
  return {
    prepare: async (pair, signal) => await prepare(cluster, pair, signal),
    sync: async (pair, kind, signal, say) => {
      signal.throwIfAborted()
      const began = performance.now()
      if (kind === 'final' && pgbouncer !== undefined) await pausePooler(pair.from, pgbouncer, signal)
      const { copied, reached, missing, lagSeconds } = kind === 'final' ? await lastRecords(cluster, pair, signal) : await follow(cluster, pair, signal, say)
      const moved = passed === null || copied > 0 ? copied : Number(reached - passed)
      passed = reached
      return { movedBytes: Math.max(0, moved), movedFiles: 0, remainingBytes: missing, lagSeconds, seconds: (performance.now() - began) / 1000 }
    },
    brace: async ({ from, to }, signal) => void (await Promise.all([checkpoint(cluster, from, 'open', signal), checkpoint(cluster, to, 'closed', signal)])),
    verify: async (pair, signal) => await differences(cluster, pair, signal),
    promote: async ({ to }, signal) =>
      void (await act(to, promote(cluster, to), { signal, deadlineMs: 30_000, undo: { id: `promoted ${unitOf(cluster)}`, command: demote(cluster, to) } })),
    reverse: async (pair, signal) => void (await ensureFollowing(cluster, { from: pair.to, to: pair.from }, signal, () => undefined)),
    salvage: async (pair, { label }, signal) => await salvage(cluster, pair, label, signal),
    catchUp: async (side, signal) => await catchUp(cluster, side, signal),
    closing: async (side) => await Promise.resolve({ close: rest(cluster, side), open: reopen(cluster, side) }),
    ask: async (side, statement, signal) => void (await query(cluster, side, statement, signal, database)),
    release: async ({ from, to }, signal) => {
      await act(from, forget(cluster, from), { signal })
      // A target that serves is released by the end of the move alone; until then nothing that was there is deleted (V12).
      if (from.name === 'target') await act(from, discard(cluster, from, placesOf(cluster, from).before), { signal, role: 'open', deadlineMs: discardMs })
      await act(to, forget(cluster, to), { signal })
      await act(to, rest(cluster, to), { signal, role: 'closed' })
    },
  }
}

type Seen = { readonly copied: number; readonly reached: bigint; readonly missing: number; readonly lagSeconds: number }

/** A pass: the replica follows, and has what the primary had when the pass began, or that is told. */
async function follow(cluster: Cluster, pair: Pair, signal: AbortSignal, say: Say): Promise<Seen> {
  const copied = await ensureFollowing(cluster, pair, signal, say)
  const [row] = await query(cluster, pair.from, 'select pg_current_wal_flush_lsn()', signal)
  const { reached, missing } = await replayed(cluster, pair, row?.[0] ?? '0/0', passMs, signal)
  if (missing === 0) return { copied, reached, missing, lagSeconds: 0 }
  // Measured by the primary alone: the clocks of two machines are never compared.
  const sql = `select coalesce(extract(epoch from replay_lag), 0) from pg_stat_replication where application_name = '${placesOf(cluster, pair.from).role}'`
  return { copied, reached, missing, lagSeconds: Number((await query(cluster, pair.from, sql, signal))[0]?.[0] ?? 0) }
}

/** In the freeze: the primary ends, and the replica has its last record. */
async function lastRecords(cluster: Cluster, pair: Pair, signal: AbortSignal): Promise<Seen> {
  const { from } = pair
  const undo = { id: `closed ${unitOf(cluster)}`, command: reopen(cluster, from) }
  const last = parseControl(await act(from, close(cluster, from), { signal, deadlineMs: finalMs, ...(from.attempt === undefined ? {} : { undo }) }))
  const { missing } = await replayed(cluster, pair, showLsn(last.checkpoint + 1n), finalMs, signal)
  return { copied: 0, lagSeconds: 0, reached: last.checkpoint, missing }
}

/** Waits on the replica itself until it has replayed up to a position; answers where it is, and how many bytes are missing when time is up. */
async function replayed(cluster: Cluster, { to }: Pair, wanted: string, limitMs: number, signal: AbortSignal): Promise<Pick<Seen, 'reached' | 'missing'>> {
  const rounds = Math.ceil(limitMs / 5)
  const wait = `do $$ begin for i in 1..${rounds} loop exit when pg_last_wal_replay_lsn() >= '${wanted}'; perform pg_sleep(0.005); end loop; end $$`
  const where = `select p, greatest(0, '${wanted}'::pg_lsn - p) from pg_last_wal_replay_lsn() p`
  const result = await look(to, psql(cluster, `${wait}; ${where}`), { signal, deadlineMs: limitMs + 10_000 })
  const [position = '', missing = ''] = result.stdout.trim().split('\t')
  if (result.exitCode === 0) return { reached: parseLsn(position), missing: Number(missing) }
  signal.throwIfAborted()
  throw new LifeboatError('sync-failed', `The replica on ${to.address} does not answer: ${lastLine(result.stderr)}`)
}

/** The last record of the old primary is the last one that the replica has replayed, and neither can become a writer by a reboot. */
async function differences(cluster: Cluster, { from, to }: Pair, signal: AbortSignal): Promise<readonly Difference[]> {
  const [ended, replica] = await Promise.all([control(cluster, from, signal), standing(cluster, to, signal)])
  const found: Difference[] = []
  const add = (side: string, what: string) => found.push({ path: `${unitOf(cluster)} of ${side}`, what })
  if (ended.state !== 'shut down' || ended.runs) add(from.address, `is not stopped in order but ${ended.state}`)
  if (!ended.isReplica) add(from.address, 'would be a primary after a reboot')
  if (replica === null) add(to.address, 'does not run')
  else if (!replica.inRecovery) add(to.address, 'was promoted')
  else if (replica.position <= ended.checkpoint)
    add(to.address, `has replayed ${showLsn(replica.position)}, the last record begins at ${showLsn(ended.checkpoint)}`)
  return found
}
