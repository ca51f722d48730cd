// What keeps a server from being written, so that it holds after a restart, too: a file of its configuration, and the same
// said to the server while it runs. The scripts run on the node, also without us, when an attempt is undone.
import type { Side } from '../mover.ts'
import type { Server } from './talk.ts'

/**
 * Words of the scripts: name, user, unit, folder of the helper. Who has READ_ONLY ADMIN is not kept out by read_only, so
 * connections end, and whoever comes back with that right is seen by what it writes.
 */
const script = `name=$1 user=$2 unit=$3
if [ -f "$4/mysql-$name" ]; then MYSQL_PWD=$(cat "$4/mysql-$name"); export MYSQL_PWD; fi
for folder in /etc/mysql/mariadb.conf.d /etc/my.cnf.d; do [ -d "$folder" ] && break; done
closed=$folder/zz-lifeboat-$name-closed.cnf
sql() { timeout 20 mariadb --batch --skip-column-names --user="$user" "$@"; }
# Of one that is down the files say it all when it starts.
is_down() { case $(systemctl is-active "$unit") in inactive|failed) ;; *) echo "$unit runs and does not answer" >&2; exit 1 ;; esac; }
runs() { echo 'select 1' | sql >/dev/null 2>&1 && return 0; is_down; return 1; }
# All clients; one that has just gone is no error.
disconnect="delimiter //
begin not atomic
  declare continue handler for 1094 begin end;
  for client in (select id from information_schema.processlist where user not in ('system user', 'event_scheduler')
    and command not like 'Binlog Dump%' and id <> connection_id()) do kill client.id; end for;
end//
delimiter ;
"
# What the events did before is kept in the file, for whoever opens it again.
write_closed() {
  if [ ! -e "$closed" ]; then
    printf '# Written by Lifeboat: this side follows another server.\\n# event_scheduler before: %s\\n[mariadbd]\\nread_only=1\\nevent_scheduler=OFF\\ngtid_strict_mode=1\\n' "\${1:-OFF}" >"$closed.new" &&
      mv "$closed.new" "$closed" || exit 1
  fi
  sync "$closed" "$folder"
}
# Off is said only to what is on: a server that was started without events refuses both.
forbid() { echo "set session lock_wait_timeout=5; set global read_only=1; set global gtid_strict_mode=1; \${off:-}"; }
allow() { echo "set global read_only=0; $(sed -n 's/^# event_scheduler before: ON$/set global event_scheduler=on/p' "$closed" 2>/dev/null)"; }
ask_scheduler() { scheduler=$(echo "$1 select @@event_scheduler" | sql) || exit 1; [ "$scheduler" != ON ] || off='set global event_scheduler=off;'; }
# Connections end twice: writes under way would be waited for, and others may come before they are refused.
shut() {
  ask_scheduler "$disconnect"
  write_closed "$scheduler"
  { forbid; echo "$disconnect$1"; } | sql || exit 1
}
# One that comes up meanwhile may have read the file still: then it is told the next time.
open() {
  if allow | sql 2>/dev/null; then rm -f "$closed" && sync "$folder"; else is_down && rm -f "$closed" && sync "$folder" && is_down; fi
}
`

const acts = {
  /** Ends connections and writes; prints the last transaction. */
  close: "shut 'select @@gtid_current_pos;'",
  /** As it was before it was closed. */
  open: 'open',
  /** The other side has taken over without it. */
  over: 'if runs; then shut; else write_closed; fi',
  /** Follows no more, and is opened. */
  promote: '{ echo "stop slave;"; allow; } | sql || exit 1; rm -f "$closed" && sync "$folder"',
  /** Whom it followed it follows again. */
  demote: "if runs; then shut 'start slave;'; else write_closed; fi",
  /** Closed, whatever it was; the argument is what its events do when it is opened. */
  follow: 'ask_scheduler; write_closed "$5"; forbid | sql',
  /** Where it stands, one below the other (Standing). */
  look: '[ ! -e "$closed" ] || echo "stays_closed: 1"; echo "select @@read_only as is_closed, @@gtid_current_pos as position; show slave status" | sql --vertical --column-names',
} as const

export function guard(act: keyof typeof acts, server: Server, side: Side, ...more: readonly string[]): readonly string[] {
  return ['sh', '-c', `${script}${acts[act]}`, 'sh', server.name, server.user, server.unit, side.folder, ...more]
}
