# Asked over the socket as the user that owns it, without a password; a server that wants one stays unseen.
as() {
	user=$1
	shift
	if ! isroot; then "$@"
	elif has setpriv; then setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups "$@"
	else runuser -u "$user" -- "$@"; fi
}
# told WORD KIND QUERY: what the server that ask talks to answers; a question that fails is no empty answer.
told() {
	rows=$(ask "$3") || { unseen "databases.$2" "the server on port $port did not answer all questions"; return; }
	[ -z "$rows" ] || printf '%s\n' "$rows" | tag "$1$tab$port"
}
# sockets PATTERN: where somebody listens on a unix socket, wherever its folder is.
sockets() { awk '$4 == "00010000" && $5 == "0001" { sub(/^[^\/@]*/, ""); print }' /proc/net/unix | grep -E "$1" | sort -u | head -n 16; }
PGCONNECT_TIMEOUT=2 PGCLIENTENCODING=UTF8 PGOPTIONS='-c statement_timeout=3000 -c default_transaction_read_only=on'
export PGCONNECT_TIMEOUT PGCLIENTENCODING PGOPTIONS

postgres() {
	has psql || { unseen databases.postgresql 'a server runs, but psql is not there'; return; }
	ports=, tried=
	for socket in $(sockets '/[.]s[.]PGSQL[.][0-9]+$'); do
		port=${socket##*.} tried=yes
		# One server may listen in several folders.
		case $ports in *,$port,*) continue ;; esac
		# shellcheck disable=SC2012 # the one field that is read is a name of a user
		owner=$(ls -ld "$socket" | awk '{ print $3 }')
		ask() { as "$owner" psql -XAtq -F "$tab" -h "${socket%/*}" -p "$port" -d postgres -c "$1"; }
		server=$(ask "select current_setting('server_version'), pg_is_in_recovery()") || { unseen databases.postgresql "the server of $socket does not let us in without a password"; continue; }
		ports=$ports$port,
		printf '%s\n' "$server" | tag "postgresql$tab$port"
		# By name, because versions differ in what they have: an ICU or builtin locale stands in a column of its own.
		told postgresql-database postgresql "select pg_database_size(oid), coalesce(columns->>'datlocale', columns->>'daticulocale', datcollate)
				|| case columns->>'datlocprovider' when 'i' then ' (icu)' when 'b' then ' (builtin)' else '' end, pg_encoding_to_char(encoding), datname
			from pg_database, to_jsonb(pg_database) as columns where datallowconn"
		# Since version 15: what the collation was when indexes were built, and what this machine has.
		ask "select datcollversion, pg_database_collation_actual_version(oid), datname from pg_database where datallowconn" | tag "postgresql-collation$tab$port"
		told postgresql-replica postgresql "select state, coalesce(host(client_addr), 'its socket'), application_name from pg_stat_replication"
		# Since version 11.
		ask "select status, sender_host, sender_port from pg_stat_wal_receiver" | tag "postgresql-source$tab$port"
	done
	[ -n "$tried" ] || unseen databases.postgresql 'a server runs, but no socket of it was found'
}

mysql_() {
	client=; for name in mariadb mysql; do has "$name" && client=$name && break; done
	[ -n "$client" ] || { unseen databases.mysql 'a server runs, but its client is not there'; return; }
	tried=
	for socket in $(sockets '(mysql|mariadb).*[.]sock$' | grep -v 'mysqlx[.]sock$'); do
		server= tried=yes
		for defaults in /etc/mysql/my.cnf /etc/mysql/debian.cnf /etc/my.cnf /dev/null; do
			[ -r "$defaults" ] || continue
			client() { "$client" --defaults-file="$defaults" --socket="$socket" --default-character-set=utf8 --connect-timeout=2 --batch "$@"; }
			ask() { client --skip-column-names -e "$1"; }
			server=$(ask 'select @@port, version()') && break
		done
		[ -n "$server" ] || { unseen databases.mysql "the server of $socket does not let us in without a password"; continue; }
		port=${server%%"$tab"*}
		printf '%s\n' "$server" | tag mysql
		told mysql-database mysql "select ifnull(sum(t.data_length + t.index_length), 0), s.default_collation_name, s.schema_name from information_schema.schemata s
			left join information_schema.tables t on t.table_schema = s.schema_name
			where s.schema_name not in ('information_schema', 'performance_schema', 'sys', 'mysql') group by s.schema_name, s.default_collation_name"
		told mysql-replica mysql "select user, host from information_schema.processlist where command like 'Binlog Dump%'"
		# MariaDB tells only the first of these about sources that have a name; MySQL knows only the others.
		{ client -e 'show all slaves status\G' || client -e 'show replica status\G' || client -e 'show slave status\G'; } |
			grep -E '^ *((Master|Source)_(Host|Port)|(Slave|Replica)_(IO|SQL)_Running|Seconds_Behind_(Master|Source)|Using_Gtid|Auto_Position):' | tag "mysql-source$tab$port"
	done
	[ -n "$tried" ] || unseen databases.mysql 'a server runs, but no socket of it was found'
}

# Of a cluster the port that is 10000 higher is for its members.
redis_ports() {
	for comm in /proc/[0-9]*/comm; do grep -qxE 'redis-server|valkey-server' "$comm" && ls -ln "${comm%/comm}/fd"; done |
		awk 'held_by == 1 { if (/socket:\[/) { sub(/.*socket:\[/, ""); sub(/\].*/, ""); held[$0] } next } $4 == "0A" && $10 in held { print substr($2, length($2) - 3) }' held_by=1 - held_by= /proc/net/tcp /proc/net/tcp6 |
		sort -u | while read -r hex; do echo $((0x$hex)); done | awk '{ all[$1] } END { for (port in all) if (!((port - 10000) in all)) print port }' | sort -n
}

redis() {
	client=; for name in redis-cli valkey-cli; do has "$name" && client=$name && break; done
	[ -n "$client" ] || { unseen databases.redis 'a server runs, but its client is not there'; return; }
	isroot || unseen databases.redis 'only root sees on which other ports servers listen'
	ports=$(redis_ports)
	for port in ${ports:-6379}; do
		answer=$("$client" -p "$port" info)
		case $answer in
		*redis_version*) printf '%s\n' "$answer" | tr -d '\r' |
			grep -E '^(redis_version|valkey_version|role|master_host|master_port|master_link_status|connected_slaves|slave[0-9]+|db[0-9]+):' | tag "redis$tab$port" ;;
		*) unseen databases.redis "a server runs, but does not answer on port $port without a password" ;;
		esac
	done
}

! running 'postgres|postmaster' || postgres
! running 'mysqld|mariadbd' || mysql_
! running 'redis-server|valkey-server' || redis
