// What is done on a node, as shell scripts that may run again at any point of themselves: the helper runs those that take
// something back when nobody else is there. Everything is started and stopped through systemd, so nothing of it belongs to
// the helper.
import type { Side } from '../mover.ts'
import { asPostgres, placesOf, unitOf, type Cluster } from './cluster.ts'
import { shell } from './shell.ts'

export type Words = readonly string[]

function script(cluster: Cluster, side: Side, body: string, more: Words = []): Words {
  const { bin, standby, copy, follow, role } = placesOf(cluster, side)
  const head = `set -eu
unit=$1 folder=$2 port=$3 bin=$4 standby=$5 copy=$6 follow=$7 role=$8; shift 8
as() { ${asPostgres.join(' ')} "$@"; }
ask() { as psql -XAtq -v ON_ERROR_STOP=1 -p "$port" -d postgres -c "$1"; }
opened() { n=0; until [ "$(ask 'select pg_is_in_recovery()' 2>/dev/null)" = "$1" ]; do n=$((n + 1)); [ $n -lt 400 ] || { echo "the cluster did not come up within 20 s" >&2; return 1; }; sleep 0.05; done; }
${shell}`
  return ['sh', '-c', head + body, 'sh', unitOf(cluster), cluster.folder, String(cluster.port), bin, standby, copy, follow, role, ...more]
}

/**
 * The primary stops, which waits until the replica has everything, and would start again only as a replica of nobody. It
 * tells where it ended, as pg_controldata does. Asked by its signal: through systemd and pg_ctl it would be looked after
 * each 100 ms only.
 */
export function close(cluster: Cluster, side: Side): Words {
  const body = `keep "$standby"
drop "$follow"
pid=$(head -1 "$folder/postmaster.pid" 2>/dev/null || true)
if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/exe")" = "$bin/postgres" ] && kill -INT "$pid" 2>/dev/null; then while kill -0 "$pid" 2>/dev/null; do sleep 0.005; done; fi
as "$bin/pg_controldata" -D "$folder"`
  return script(cluster, side, body)
}

/** Takes `close` back: it is a primary again, on its own timeline, so its replica goes on. */
export function reopen(cluster: Cluster, side: Side): Words {
  const body = `if [ ! -e "$standby" ] && [ "$(ask 'select pg_is_in_recovery()' 2>/dev/null)" = f ]; then exit 0; fi
drop "$standby"
systemctl reset-failed "$unit" 2>/dev/null || true
systemctl start "$unit"
[ "$(ask 'select pg_is_in_recovery()' 2>/dev/null)" != t ] || systemctl restart "$unit"
opened f`
  return script(cluster, side, body)
}

/** The replica becomes a primary and keeps what it writes for the other side. From here on it is no copy. */
export function promote(cluster: Cluster, side: Side): Words {
  const body = `drop "$copy"
told=$(ask "select pg_create_physical_replication_slot('$role', true) where not exists (select from pg_replication_slots where slot_name = '$role');
  select pg_promote(false) where pg_is_in_recovery();
  do 'begin for i in 1..3000 loop exit when not pg_is_in_recovery(); perform pg_sleep(0.005); end loop; end';
  select pg_is_in_recovery()")
[ "\${told##*[!tf]}" = f ] || { echo "the replica was not promoted within 15 s" >&2; exit 1; }
drop "$follow"`
  return script(cluster, side, body)
}

/** Takes `promote` back: what was written since is worthless, and a reboot makes it no primary. The next pass mends it. */
export function demote(cluster: Cluster, side: Side): Words {
  return script(cluster, side, 'keep "$standby"\nkeep "$copy"\nhalt')
}

/** What follows nobody any more goes on as a replica of nobody when it is started. */
export function rest(cluster: Cluster, side: Side): Words {
  return script(cluster, side, 'keep "$standby"\ndrop "$follow"\nhalt')
}

/** Starts it as a replica. Answers when it can be read; whether it receives is another question. */
export function startReplica(cluster: Cluster, side: Side): Words {
  const body = `keep "$standby"
systemctl reset-failed "$unit" 2>/dev/null || true
systemctl start "$unit"
opened t
ask 'select pg_reload_conf()' >/dev/null
ask "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '$role' and not active" >/dev/null`
  return script(cluster, side, body)
}

/** Makes room for a copy: what was there before the first one is put aside, an old copy goes. */
export function clear(cluster: Cluster, side: Side, before: string): Words {
  const body = `halt
if [ -e "$folder" ] && [ ! -e "$copy" ]; then
  n=; while [ -e "$1$n" ]; do n=$((\${n:-0} + 1)); done
  mv "$folder" "$1$n"; sync "$(dirname "$folder")"
fi
keep "$copy"
rm -rf "$folder"
as mkdir -m 700 "$folder"`
  return script(cluster, side, body, [before])
}

/** What was given up stops for good: its folder goes to where nothing looks for it. It tells where its log ends, as pg_controldata does. */
export function setAside(cluster: Cluster, side: Side, place: string): Words {
  const body = `halt
if [ ! -e "$1" ]; then mv "$folder" "$1"; sync "$(dirname "$folder")"; fi
as "$bin/pg_controldata" -D "$1"`
  return script(cluster, side, body, [place])
}

/** What `clear` has put aside goes. */
export function discard(cluster: Cluster, side: Side, before: string): Words {
  return script(cluster, side, 'rm -rf "$1" "$1"[0-9]*', [before])
}

/** A new copy, over the way to the other side. It cannot go on where it was cut off. */
export function seed(cluster: Cluster, side: Side): Words {
  const { pass, way } = placesOf(cluster, side)
  const body =
    'as env PGPASSFILE="$1" "$bin/pg_basebackup" -w -D "$folder" -X stream -S "$role" -c fast -d "host=127.0.0.1 port=$2 user=$role"\nkeep "$standby"'
  return script(cluster, side, body, [pass, String(way)])
}

/** Turns what was promoted in vain back into a copy of the other side, by what changed alone. */
export function rewind(cluster: Cluster, side: Side): Words {
  const { pass, way, etc } = placesOf(cluster, side)
  const body = `halt
drop "$standby"
as env PGPASSFILE="$1" "$bin/pg_rewind" -D "$folder" --config-file="$3/postgresql.conf" --source-server="host=127.0.0.1 port=$2 user=$role dbname=postgres"
keep "$standby"`
  return script(cluster, side, body, [pass, String(way), etc])
}

/** Role, slot and settings go. Of a replica the role is that of its primary. */
export function forget(cluster: Cluster, side: Side): Words {
  const body = `drop "$follow"
rm -f "$1" "$2" "$copy"
if systemctl -q is-active "$unit"; then
  ask 'select pg_reload_conf()' >/dev/null
  primary=; [ "$(ask 'select pg_is_in_recovery()')" = t ] || primary=$(ask "select 1 from pg_roles where rolname = '$role'")
  [ -z "$primary" ] || ask "alter role $role nologin"
  ask "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '$role' and active" >/dev/null
  n=0; until ask "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '$role'" >/dev/null 2>&1; do n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 0.05; done
  [ -z "$primary" ] || ask "drop owned by $role; drop role $role"
fi`
  const { settings, pass } = placesOf(cluster, side)
  return script(cluster, side, body, [settings, pass])
}
