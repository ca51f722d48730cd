// How a server follows the other one by GTID, and gets its first copy. Facts: mariadb.com/kb, mariadb-dump, GTID; tried with
// 10.11: an import must not be written to the binary log, or gtid_strict_mode refuses what comes next (error 1950).
import { randomBytes } from 'node:crypto'
import { LifeboatError } from '../../core/errors.ts'
import { wayTo } from '../../core/way.ts'
import { act, look, tryAct } from '../act.ts'
import type { Pair, Reached, Side } from '../mover.ts'
import { guard } from './guard.ts'
import { followingIn, readRow, standingIn, type Standing } from './replies.ts'
import { query, type Server } from './talk.ts'

/** The account by which the other side reads, on loopback alone. */
const account = (server: Server): string => `'lifeboat-${server.name}'@'127.0.0.1'`

/** Schemas that belong to the server itself. */
export const ownSchemas = "'mysql', 'information_schema', 'performance_schema', 'sys'"

/** The undo of an attempt runs without us: the password waits for it beside the helper, for root alone. */
export async function keepPassword(server: Server, side: Side, signal: AbortSignal): Promise<void> {
  if (server.password === undefined) return
  await act(side, ['sh', '-c', 'umask 077; cat > "$1"', 'sh', passwordFile(server, side)], { signal, input: server.password.reveal() })
}

function passwordFile(server: Server, side: Side): string {
  return `${side.folder}/mysql-${server.name}`
}

/** A new password of the account, made on the side that serves. */
async function admit(server: Server, leader: Side, signal: AbortSignal): Promise<string> {
  const { role } = await leader.call({ op: 'hello' }, signal)
  if (role !== 'open')
    throw new LifeboatError('gate-closed', `MariaDB ${server.name} of the ${leader.name} ${leader.address} does not serve; it is not followed.`)
  const password = randomBytes(24).toString('base64url')
  await query(
    server,
    leader,
    `create or replace user ${account(server)} identified by '${password}';
grant select, show view, trigger, event, lock tables, reload, process, binlog monitor, replication slave on *.* to ${account(server)}`,
    signal,
  )
  return password
}

/** Makes the closed side follow the other one from where it stands. */
export async function follow(server: Server, { from, to }: Pair, signal: AbortSignal): Promise<void> {
  const password = await admit(server, from, signal)
  await close(server, { from, to }, signal)
  await keepPassword(server, from, signal)
  await query(
    server,
    to,
    `stop slave; set global gtid_slave_pos = @@gtid_current_pos;
change master to master_host='127.0.0.1', master_port=${wayTo(server.port)}, master_user='lifeboat-${server.name}', master_password='${password}', master_use_gtid=slave_pos, master_connect_retry=1;
start slave`,
    signal,
  )
}

/** Closes the side that is to follow; opened, its events do what they do on the other one. */
async function close(server: Server, { from, to }: Pair, signal: AbortSignal): Promise<void> {
  const scheduler = (await query(server, from, 'select @@event_scheduler', signal)).trim()
  await keepPassword(server, to, signal)
  await act(to, guard('follow', server, to, scheduler), { signal, role: 'closed' })
}

/** What a replica needs and a server of its own may lack; it is started anew when that changes. Printed: whether it was. */
const settle = `for folder in /etc/mysql/mariadb.conf.d /etc/my.cnf.d; do [ -d "$folder" ] && break; done
file=$folder/zz-lifeboat-$1.cnf
wanted=$(printf '# Written by Lifeboat: what following another server needs.\\n[mariadbd]\\nserver_id=%s\\nlog_bin=mariadb-bin\\nlog_slave_updates=1\\n' "$2")
if [ "$(cat "$file" 2>/dev/null)" = "$wanted" ]; then systemctl enable --now "$3"; exit; fi
echo "$wanted" >"$file" && systemctl enable "$3" && systemctl restart "$3"`

/** The server of the target runs with a binary log and a number of its own. */
export async function ready(server: Server, { from, to }: Pair, signal: AbortSignal): Promise<void> {
  const id = Number(await query(server, from, 'select @@server_id', signal))
  await act(to, ['sh', '-c', settle, 'sh', server.name, String((id % 4_294_967_295) + 1), server.unit], { signal, role: 'closed', deadlineMs: 120_000 })
}

/** In goes the password of the account, then the one of this side. Out come, on stderr, the bytes of the dump. */
const copy = `set -eo pipefail
IFS= read -r far; IFS= read -r near
way=$1 reader=$2 user=$3 own=$4
here() { MYSQL_PWD=$near mariadb --batch --skip-column-names --user="$user" "$@"; }
there() { command=$1; shift; MYSQL_PWD=$far "$command" --host=127.0.0.1 --port="$way" --protocol=tcp --user="$reader" "$@"; }
echo "stop slave; reset slave all" | here
echo "select concat('drop database \\\`', replace(schema_name, '\\\`', '\\\`\\\`'), '\\\`;') from information_schema.schemata where schema_name not in ($own)" |
  here | { echo 'set sql_log_bin=0;'; cat; } | here
# Accounts of the server itself stay, as the import runs by one of them; it gives them what they have on the other side.
echo "select concat('drop ', if(is_role = 'Y', 'role ', 'user '), quote(user), if(is_role = 'Y', '', concat('@', quote(host))), ';') from mysql.user
  where user not in ('root', 'mysql', 'mariadb.sys', '$user')" | here | { echo 'set sql_log_bin=0;'; cat; } | here
echo "reset master; set global gtid_slave_pos=''" | here
mapfile -t names < <(there mariadb --batch --skip-column-names --raw -e "select schema_name from information_schema.schemata where schema_name not in ($own)")
{ echo 'set sql_log_bin=0;'
  there mariadb-dump --single-transaction --gtid --master-data=1 --routines --events --triggers --hex-blob --insert-ignore --system=users --databases "\${names[@]}"
} | dd bs=1M iflag=fullblock | here --force`

/** Replaces all that the closed side holds by a copy, users and grants too. Answers its bytes. */
export async function seed(server: Server, pair: Pair, signal: AbortSignal): Promise<number> {
  const { from, to } = pair
  const password = await admit(server, from, signal)
  await close(server, pair, signal)
  const command = ['bash', '-c', copy, 'bash', String(wayTo(server.port)), `lifeboat-${server.name}`, server.user, ownSchemas]
  const input = `${password}\n${server.password?.reveal() ?? ''}\n`
  const { exitCode, stderr } = await tryAct(to, command, { signal, role: 'closed', deadlineMs: 24 * 3600_000, input })
  // A grant may be on a table that is gone (1146); everything else that is refused makes the copy void.
  const words = stderr.split('\n').find((line) => /error/i.test(line) && !line.startsWith('ERROR 1146 '))
  if (words !== undefined || exitCode > 1)
    throw new LifeboatError('sync-failed', `The copy of MariaDB ${server.name} failed: ${words ?? `it ended with ${exitCode}`}.`)
  return Number(/^(\d+) bytes/m.exec(stderr)?.[1] ?? 0)
}

/** Nobody follows this side any more. */
export async function dismiss(server: Server, side: Side, signal: AbortSignal): Promise<void> {
  await query(server, side, `drop user if exists ${account(server)}`, signal)
}

export async function forget(server: Server, side: Side, signal: AbortSignal): Promise<void> {
  const files = ['/etc/mysql/mariadb.conf.d', '/etc/my.cnf.d'].map((folder) => `${folder}/zz-lifeboat-${server.name}.cnf`)
  await act(side, ['rm', '-f', passwordFile(server, side), ...files], { signal })
}

/** Null: it does not run. */
export async function standing(server: Server, side: Side, signal: AbortSignal): Promise<Standing | null> {
  return standingIn((await look(side, guard('look', server, side), { signal })).stdout)
}

/** Waits on the follower for so many seconds at most; whether it has all that the leader had at this position, and how it follows. */
export async function hasReached(server: Server, to: Side, wanted: string, seconds: number, signal: AbortSignal) {
  const told = await query(server, to, `select master_gtid_wait('${wanted}', ${seconds}) as missing; show slave status`, signal, 'vertical')
  return { isThere: readRow(told)?.get('missing') === '0', state: followingIn(told) }
}

const catchUpSeconds = 20

/** Reads nothing more, and does all that was read: a server that stops following forgets what it has not done. Fails with sync-failed. */
export async function catchUp(server: Server, side: Side, signal: AbortSignal): Promise<Reached> {
  const read = readRow(await query(server, side, 'stop slave io_thread; show slave status', signal, 'vertical'))?.get('Gtid_IO_Pos')
  if (read === undefined) throw new LifeboatError('sync-failed', `MariaDB ${server.name} of the ${side.name}, which is to take over, follows nobody.`)
  const { isThere, state } = await hasReached(server, side, read, catchUpSeconds, signal)
  if (!isThere) {
    const why = state?.error ?? ''
    throw new LifeboatError(
      'sync-failed',
      `MariaDB ${server.name} of the ${side.name} did not do all that it has read within ${catchUpSeconds} s${why === '' ? '' : `: ${why}`}.`,
    )
  }
  return { text: `has all transactions up to ${read}`, details: { gtid: read } }
}
