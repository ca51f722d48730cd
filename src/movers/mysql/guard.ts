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
runs() {
  echo 'select 1' | sql >/dev/null 2>&1 && return 0
  case $(systemctl is-active "$unit") in inactive|failed) return 1 ;; esac
  echo "$unit runs and does not answer" >&2; exit 1
}
disconnect() {
  echo "select concat('kill ', id, ';') from information_schema.processlist where user not in ('system user', 'event_scheduler')
    and command not like 'Binlog Dump%' and id <> connection_id()" | sql | sql --force 2>/dev/null
  true
}
# What the events did before is kept in the file, for whoever opens it again.
write_closed() {
  if [ ! -e "$closed" ]; then
    printf '# Written by Lifeboat: this side follows another server.\\n# event_scheduler before: %s\\n[mariadbd]\\nread_only=1\\nevent_scheduler=OFF\\ngtid_strict_mode=1\\n' "\${1:-OFF}" >"$closed.new" &&
      mv "$closed.new" "$closed" || exit 1
  fi
  sync "$closed" "$folder"
}
forbid() {
  echo "set session lock_wait_timeout=5; set global read_only=1; set global gtid_strict_mode=1" | sql || exit 1
  [ "$scheduler" != ON ] || echo "set global event_scheduler=off" | sql || exit 1
}
shut() {
  disconnect
  scheduler=$(echo 'select @@event_scheduler' | sql) || exit 1
  write_closed "$scheduler"
  forbid
  disconnect
}
open() {
  scheduler=$(sed -n 's/^# event_scheduler before: //p' "$closed" 2>/dev/null)
  rm -f "$closed" && sync "$folder"
  if runs; then
    echo "set global read_only=0" | sql || exit 1
    [ "$scheduler" != ON ] || echo "set global event_scheduler=on" | sql || exit 1
  fi
}
`

const acts = {
  /** Ends connections and writes; prints the last transaction. */
  close: "shut; echo 'select @@gtid_current_pos' | sql",
  /** As it was before it was closed. */
  open: 'open',
  /** Follows no more, and is opened. */
  promote: "echo 'stop slave' | sql || exit 1; open",
  /** Whom it followed it follows again. */
  demote: "if runs; then shut; echo 'start slave' | sql; else write_closed; fi",
  /** Closed, whatever it was; the argument is what its events do when it is opened. */
  follow: 'scheduler=$(echo "select @@event_scheduler" | sql) || exit 1; write_closed "$5"; forbid',
  /** Whether it is closed, and after a restart too. */
  look: '[ -e "$closed" ] && echo "select @@read_only" | sql',
} as const

export function guard(act: keyof typeof acts, server: Server, side: Side, ...more: readonly string[]): readonly string[] {
  return ['sh', '-c', `${script}${acts[act]}`, 'sh', server.name, server.user, server.unit, side.folder, ...more]
}
