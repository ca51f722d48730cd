// What a cluster that was given up has and the one that serves lacks is in its log, and nowhere else as a whole: it is stopped
// and its data directory set aside by its name, at no cost; it gets a new one.
import { act } from '../act.ts'
import type { Pair, Salvaged } from '../mover.ts'
import { query, type Cluster } from './cluster.ts'
import { parseControl } from './control.ts'
import { parseLsn, showLsn } from './lsn.ts'
import { setAside } from './scripts.ts'

const stopMs = 10 * 60_000

/** `bytes`: of the log, from where the other side went on by itself. */
export async function salvage(cluster: Cluster, { from, to }: Pair, label: string, signal: AbortSignal): Promise<Salvaged> {
  const parted = await partedAt(cluster, from, signal)
  const place = `${cluster.folder}.${label}`
  const ended = parseControl(await act(to, setAside(cluster, to, place), { signal, role: 'closed', deadlineMs: stopMs }))
  const bytes = Math.max(0, Number(ended.checkpoint - parted.position))
  const text = `the target went on from ${showLsn(parted.position)} of timeline ${parted.timeline}, the source ended at ${showLsn(ended.checkpoint)} of timeline ${ended.timeline} (${ended.state}); its data directory is kept as ${place}.`
  return { count: 1, bytes, items: [], place, text }
}

/** Where a primary that was promoted began to write by itself. Fails with node-failed. */
async function partedAt(cluster: Cluster, side: Pair['from'], signal: AbortSignal): Promise<{ readonly timeline: number; readonly position: bigint }> {
  const sql = "select pg_read_file('pg_wal/' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) || '.history')"
  const [timeline = '', position = ''] = (await query(cluster, side, sql, signal)).filter(([first = '']) => /^\d+$/.test(first)).at(-1) ?? []
  return { timeline: Number(timeline), position: parseLsn(position) }
}
