// pgbouncer in front of the cluster: clients that are connected to it wait in the freeze instead of failing. It goes on
// where the cluster's port leads after the commit: on the old side to the new one, which is why that port is forwarded.
import { LifeboatError } from '../../core/errors.ts'
import { tryAct } from '../act.ts'
import type { Side } from '../mover.ts'
import { lastLine } from './cluster.ts'

/** PAUSE waits for transactions, with session pooling for clients: for ever, if nobody ends it. */
const pauseSeconds = 3

/** Whoever runs pgbouncer may command it over its socket without a password. */
const command = `setting() { sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" /etc/pgbouncer/pgbouncer.ini | tail -1; }
socket=$(setting unix_socket_dir)
pid=$(cat "$(setting pidfile)")
tell() { seconds=$1; shift; timeout "$seconds" setpriv --reuid="$(stat -c %u "/proc/$pid")" --clear-groups -- env HOME=/nonexistent psql -XAtq -h "\${socket:-/tmp}" -p "$port" -U pgbouncer -d pgbouncer "$@"; }
`

/**
 * A connection to the server that was about to be made when the server stopped counts as a failed one, and pgbouncer tries
 * no other for `server_login_retry`, 15 s by default. It does at once where that is nothing in the moment of the RESUME.
 */
const resumption = `retry=$(setting server_login_retry)
tell 5 -c 'SET server_login_retry = 0' -c RESUME -c "SET server_login_retry = \${retry:-15}" || true`

/** Holds the clients of pgbouncer until the attempt is undone or released; the node itself lets them go. Fails with gate-closed. */
export async function pausePooler(side: Side, port: number, signal: AbortSignal): Promise<void> {
  const resume = ['sh', '-c', `port=$1\n${command}${resumption}`, 'sh', String(port)]
  const pause = ['sh', '-c', `set -e\nport=$1\n${command}tell ${pauseSeconds} -c PAUSE`, 'sh', String(port)]
  const undo = { id: `pgbouncer ${port}`, command: resume, always: true as const }
  const result = await tryAct(side, pause, { signal, deadlineMs: 10_000, ...(side.attempt === undefined ? {} : { undo }) })
  if (result.exitCode === 0) return
  const why =
    result.exitCode === 124
      ? `did not come to rest within ${pauseSeconds} s: a transaction is long, or clients keep their servers (pool_mode session)`
      : `was not paused: ${lastLine(result.stderr)}`
  throw new LifeboatError('gate-closed', `pgbouncer on ${side.address} ${why}.`)
}
