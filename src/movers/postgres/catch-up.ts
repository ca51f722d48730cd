// A replica whose primary is cut off for good: all that it received it replays, and there it ends.
import { LifeboatError } from '../../core/errors.ts'
import { look } from '../act.ts'
import type { Reached, Side } from '../mover.ts'
import { lastLine, psql, type Cluster } from './cluster.ts'

const withinMs = 20_000

/** The last record may have come in half: what is not replayed after a while stays so. */
const wait = `do $$ declare seen pg_lsn; begin
  for i in 1..${withinMs / 500} loop
    seen := pg_last_wal_replay_lsn();
    exit when seen >= pg_last_wal_receive_lsn();
    perform pg_sleep(0.5);
    exit when pg_last_wal_replay_lsn() = seen;
  end loop; end $$`
const where = `select pg_last_wal_replay_lsn(), to_char(pg_last_xact_replay_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** Fails with sync-failed where it does not answer, or is no replica. */
export async function catchUp(cluster: Cluster, side: Side, signal: AbortSignal): Promise<Reached> {
  const { exitCode, stdout, stderr } = await look(side, psql(cluster, `${wait}; ${where}`), { signal, deadlineMs: withinMs + 10_000 })
  signal.throwIfAborted()
  const [lsn = '', committed = ''] = stdout.trim().split('\t')
  if (exitCode !== 0 || lsn === '') {
    const words = exitCode === 0 ? 'it is no replica' : lastLine(stderr)
    throw new LifeboatError('sync-failed', `PostgreSQL on ${side.address}, which is to take over, does not tell what it has: ${words}`)
  }
  const last = committed === '' ? '' : `; the last transaction in it was committed at ${committed}, by the clock of the source`
  return { text: `has the log up to ${lsn}${last}`, details: { lsn, committedAt: committed === '' ? null : committed } }
}
