// What is done on a node, as shell scripts that may run again at any point of themselves. A side that does not serve is
// shut: its server knows no access but the superuser's over the socket and that of the role of the move, begins transactions
// read-only, and has no session of before left. That is in files, so it holds over a restart.
import { asPostgres, unitOf } from '../cluster.ts'
import type { Side } from '../../mover.ts'
import type { Words } from '../scripts.ts'
import { shell } from '../shell.ts'
import { logicalPlaces, moved, slotOf, type Both } from './both.ts'

/** Sessions of ours on a shut side may write; names of databases were checked to need no quotes in here (prepare.ts). */
function script(both: Both, side: Side, body: string, more: Words = []): Words {
  const { cluster, bin, role, guard, hba, pass, way, copy, vain } = logicalPlaces(both, side)
  const head = `set -eu
unit=$1 folder=$2 port=$3 bin=$4 hba=$5 before=$6 guard=$7 role=$8 pass=$9; shift 9
way=$1 copy=$2 vain=$3; shift 3
as() { ${asPostgres.join(' ')} PGOPTIONS="${plainly}" PGPASSFILE="$pass" "$@"; }
tell() { as psql -XAtq -F '\t' -v ON_ERROR_STOP=1 -p "$port" -d postgres -f -; }
ask() { printf '%s\\n' "$1" | tell; }
all() {
  names=$(ask "select datname from pg_database where ${moved} order by oid")
  printf '%s\\n' "$names" | while IFS= read -r name; do printf '%s\\n' "\\\\connect \\"dbname='$name'\\"" "$1"; done | tell
}
${shell}runs() { pid=$(head -1 "$folder/postmaster.pid" 2>/dev/null) && [ "$(readlink "/proc/$pid/exe")" = "$bin/postgres" ]; }
loaded() {
  runs || return 0
  was=$(ask 'select pg_conf_load_time()'); kill -HUP "$pid"
  n=0; until [ "$(ask 'select pg_conf_load_time()')" != "$was" ]; do n=$((n + 1)); [ $n -lt 200 ] || { echo "the server does not read its settings anew" >&2; return 1; }; sleep 0.02; done
}
start() {
  systemctl reset-failed "$unit" 2>/dev/null || true
  systemctl start "$unit"
  n=0; until [ "$(ask 'select 1' 2>/dev/null)" = 1 ]; do n=$((n + 1)); [ $n -lt 400 ] || { echo "the cluster did not come up within 20 s" >&2; return 1; }; sleep 0.05; done
}
shut() {
  [ -e "$before" ] || { cp -p "$hba" "$before.new"; sync "$before.new"; mv "$before.new" "$before"; }
  printf '# Kept by Lifeboat, only while this side does not serve; your own is in %s\\nlocal all postgres peer\\nhost all %s 127.0.0.1/32 scram-sha-256\\n' "$before" "$role" >"$hba.new"
  printf '# Kept by Lifeboat, only while this side does not serve.\\ndefault_transaction_read_only = on\\n' >"$guard.new"
  chown postgres: "$hba.new"; chmod 640 "$hba.new"; chmod 644 "$guard.new"
  sync "$hba.new" "$guard.new"; mv "$hba.new" "$hba"; mv "$guard.new" "$guard"; sync "$(dirname "$hba")" "$(dirname "$guard")"
  loaded
  runs || return 0
  # All that the server had let in, or was about to, is a child of it now; whoever comes later meets the new rules.
  children=$(cat "/proc/$pid/task/$pid/children")
  ours=" $(ask "select string_agg(pid::text, ' ') from pg_stat_activity where backend_type <> 'client backend' and (usename is null or usename in ('postgres', '$role'))") "
  # The one that writes its log is in no list of it.
  for child in $children; do case $ours in *" $child "*) ;; *) ps -o args= -p "$child" | grep -Eq '^postgres: ([^ ]*: )?logger *$' || left="\${left-} $child" ;; esac; done
  for child in \${left-}; do kill -TERM "$child" 2>/dev/null || true; done
  for child in \${left-}; do while kill -0 "$child" 2>/dev/null; do sleep 0.005; done; done
}
open() {
  rm -f "$guard"
  [ ! -e "$before" ] || mv "$before" "$hba"
  sync "$(dirname "$hba")" "$(dirname "$guard")"
  loaded
}
`
  const before = `${hba}.before-lifeboat`
  const words = [unitOf(cluster), cluster.folder, String(cluster.port), bin, hba, before, guard, role, pass, String(way), copy, vain]
  return ['sh', '-c', head + body, 'sh', ...words, ...more]
}

/** Values are written alike by all versions, whatever a database or a role has set. */
const plainly = '-c default_transaction_read_only=off -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1 -c bytea_output=hex'

/** Nobody writes from here on; answers where its log ends, and how many prepared transactions are left. */
export function close(both: Both, side: Side): Words {
  return script(both, side, `shut\nask 'select pg_current_wal_insert_lsn(), (select count(*) from pg_prepared_xacts)'`)
}

/** Takes `close` back, of a server that may have been ended meanwhile. */
export function reopen(both: Both, side: Side): Words {
  return script(both, side, 'open\nruns || start')
}

/** From here on it follows nobody (a worker that is not told so would look only each second whether it still may) and keeps what is written for the other side; only then it is opened. */
export function promote(both: Both, side: Side): Words {
  const { role } = logicalPlaces(both, side)
  const sql = `do 'begin if exists (${subscribed(role).replaceAll("'", "''")}) then alter subscription ${role} disable; end if; end';
select pg_terminate_backend(pid) from pg_stat_subscription where subname = '${role}' and pid is not null;
do 'begin for i in 1..1000 loop exit when not exists (select from pg_stat_subscription where subname = ''${role}'' and pid is not null); perform pg_sleep(0.005); end loop; end';
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = ${slotOf(role)};
select pg_create_logical_replication_slot(${slotOf(role)}, 'pgoutput');`
  return script(both, side, `if [ -e "$before" ]; then all "$1" >/dev/null; drop "$copy"; fi\nopen`, [sql])
}

/** Takes `promote` back: what was written since is worthless, so this is no copy any more. */
export function demote(both: Both, side: Side): Words {
  return script(both, side, 'keep "$vain"\nkeep "$copy"\nshut')
}

/** What follows nobody any more stays shut. */
export function rest(both: Both, side: Side): Words {
  return script(both, side, 'shut\nhalt')
}

/** Runs as one that is shut. */
export function follow(both: Both, side: Side): Words {
  return script(both, side, 'shut\nruns || start\nkeep "$copy"')
}

/** A new cluster with the schema of the other side; what was in the folder before the first copy is put aside. */
export function seed(
  both: Both,
  side: Side,
  { before, encoding, collate, ctype }: Readonly<Record<'before' | 'encoding' | 'collate' | 'ctype', string>>,
): Words {
  const body = `aside=$1 encoding=$2 collate=$3 ctype=$4 schema=$folder.lifeboat-schema
keep "$vain"
shut
halt
sums=; if LC_ALL=C "$bin/pg_controldata" -D "$folder" 2>/dev/null | grep -q "^Data page checksum version: *[1-9]"; then sums=--data-checksums; fi
if [ -e "$folder" ] && [ ! -e "$copy" ]; then
  n=; while [ -e "$aside$n" ]; do n=$((\${n:-0} + 1)); done
  mv "$folder" "$aside$n"; sync "$(dirname "$folder")"
fi
keep "$copy"
rm -rf "$folder"
as "$bin/initdb" -D "$folder" --encoding="$encoding" --lc-collate="$collate" --lc-ctype="$ctype" --auth=peer $sums >/dev/null
rm -f "$folder/postgresql.conf" "$folder/pg_hba.conf" "$folder/pg_ident.conf"
start
rm -f "$schema"
as "$bin/pg_dumpall" -w --schema-only --no-tablespaces --no-subscriptions -d "host=127.0.0.1 port=$way user=$role dbname=postgres" -f "$schema"
# The new cluster has its superuser already.
sed -i '/^CREATE ROLE postgres;$/d' "$schema"
tell <"$schema" >/dev/null
rm -f "$schema"`
  return script(both, side, body, [before, encoding, collate, ctype])
}

/** Subscribes each database to the same one of the other side; `copies`: with what is in its tables, and new slots over there. */
export function subscribe(both: Both, side: Side, copies: boolean): Words {
  const { role, pass, way } = logicalPlaces(both, side)
  const connection = `host=127.0.0.1 port=${way} user=${role} passfile=${pass}`
  // A server that is older than 16 has no such option, and needs none: it sends what it has got to nobody.
  const sql = `select format('create subscription ${role} connection %L publication ${role} with (slot_name = %L, copy_data = ${copies}, create_slot = ${copies}%s)',
  '${connection} dbname=' || quote_literal(current_database()), ${slotOf(role)}, case when current_setting('server_version_num')::int >= 160000 then ', origin = none' end)
  where not exists (${subscribed(role)}) \\gexec`
  return script(both, side, 'all "$1" 2>"$vain.log" || { cat "$vain.log" >&2; exit 1; }\nrm -f "$vain.log"\ndrop "$vain"', [sql])
}

/** A query that has a row when the database that is asked is subscribed. */
function subscribed(role: string): string {
  return `select from pg_subscription s join pg_database d on d.oid = s.subdbid where s.subname = '${role}' and d.datname = current_database()`
}

/** A subscription goes without a word to the other side, whose slots are let go there. */
const unsubscribe = (role: string) =>
  ['disable', 'set (slot_name = none)'].map((what) => `select 'alter subscription ${role} ${what}' where exists (${subscribed(role)}) \\gexec`).join('\n') +
  `\nselect 'drop subscription ${role}' where exists (${subscribed(role)}) \\gexec`

/**
 * Slots of ours; who follows them is cut off. Copies of tables that were cut off leave slots of their own, which end with the
 * system identifier of their subscriber (tablesync.c, ReplicationSlotNameForTablesync): `$1`, empty where that is not known.
 */
const dropSlots = `drop_slots() {
  mine="pg_replication_slots where (starts_with(slot_name, '$role' || '_') or '$1' <> '' and slot_name ~ ('^pg_[0-9]+_sync_[0-9]+_' || '$1' || '$'))"
  n=0; until ask "select pg_terminate_backend(active_pid) from $mine and active_pid is not null; select pg_drop_replication_slot(slot_name) from $mine" >/dev/null 2>&1; do n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 0.05; done
}
`

/** The system identifier of this side's cluster, which need not run; empty where there is none. */
export function systemId(both: Both, side: Side): Words {
  return script(both, side, 'as "$bin/pg_controldata" -D "$folder" 2>/dev/null | sed -n "s/^Database system identifier: *//p"')
}

/** This side serves and follows nobody any more: the subscriptions of before go, the slots stay. */
export function unfollow(both: Both, side: Side): Words {
  return script(both, side, 'all "$1"', [unsubscribe(logicalPlaces(both, side).role)])
}

/** The slots of this side, which nobody follows any more, go. */
export function letGo(both: Both, side: Side, subscriber: string): Words {
  return script(both, side, `${dropSlots}drop_slots "$1"`, [subscriber])
}

/** Publications, subscriptions, slots, role and settings go, of a cluster that runs; of one that does not, the files. */
export function forget(both: Both, side: Side, subscriber: string): Words {
  const { role, settings } = logicalPlaces(both, side)
  const body = `${dropSlots}if runs; then
  [ -z "$(ask "select 1 from pg_roles where rolname = '$role'")" ] || ask "alter role $role nologin"
  all "$2" 2>/dev/null
  drop_slots "$3"
  ask "drop role if exists $role" 2>/dev/null
fi
rm -f "$1" "$pass" "$copy" "$vain"
! runs || loaded`
  return script(both, side, body, [settings, `${unsubscribe(role)}\ndrop publication if exists ${role};`, subscriber])
}

/** Statements that give the sequences of the other side the values of this one, as one text for psql, between two marks. */
export function sequences(both: Both, side: Side): Words {
  const sql = `select format('\\connect "dbname=''%s''"', current_database());
select format('select setval(%L, %s, %L);', format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value is not null) from pg_sequences order by 1;`
  return script(both, side, `echo '${mark.begin}'\nall "$1"\necho '${mark.end}'`, [sql])
}

/** Answers are cut at their beginning (helper-protocol.md): a text is whole when it has both. */
export const mark = { begin: '-- begins', end: '-- ends' } as const

/** Runs SQL from stdin as the superuser, over as many databases as it connects to. */
export function feed(both: Both, side: Side): Words {
  return script(both, side, 'tell')
}

/** Asks every database that moves, one after the other: fields by tabs. */
export function over(both: Both, side: Side, sql: string): Words {
  return script(both, side, 'all "$1"', [`${sql};`])
}

/** Of each database how many tables are not copied yet, how many there are, and how often a copy has failed. */
export function countLeft(both: Both, side: Side): Words {
  const sql = `select count(*) filter (where srsubstate <> 'r'), count(*),
    (select coalesce(sum(sync_error_count + apply_error_count), 0) from pg_stat_subscription_stats) from pg_subscription_rel`
  return over(both, side, sql)
}
