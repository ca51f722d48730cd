# Asked over the socket as the user that owns it, without a password; a server that wants one stays unseen.
as() {
	user=$1
	shift
	if ! isroot; then "$@"
	elif has setpriv; then setpriv --reuid="$user" --regid="$user" --init-groups "$@"
	else runuser -u "$user" -- "$@"; fi
}
PGCONNECT_TIMEOUT=2 PGOPTIONS='-c statement_timeout=3000 -c default_transaction_read_only=on'
export PGCONNECT_TIMEOUT PGOPTIONS

postgres() {
	has psql || { unseen databases.postgresql 'a server runs, but psql is not there'; return; }
	found=
	for socket in /var/run/postgresql/.s.PGSQL.[0-9]* /tmp/.s.PGSQL.[0-9]*; do
		[ -S "$socket" ] || continue
		port=${socket##*.}
		ask() { as postgres psql -XAtq -F "$tab" -h "${socket%/*}" -p "$port" -d postgres -c "$1"; }
		server=$(ask "select current_setting('server_version'), pg_is_in_recovery()") || continue
		found=yes
		printf '%s\n' "$server" | tag "postgresql$tab$port"
		ask "select pg_database_size(oid), datcollate, pg_encoding_to_char(encoding), datname from pg_database where datallowconn" | tag "postgresql-database$tab$port"
		# Since version 15: what the collation was when indexes were built, and what this machine has.
		ask "select datcollversion, pg_database_collation_actual_version(oid), datname from pg_database where datallowconn" | tag "postgresql-collation$tab$port"
		ask "select state, client_addr, application_name from pg_stat_replication" | tag "postgresql-replica$tab$port"
	done
	[ -n "$found" ] || unseen databases.postgresql 'a server runs, but does not let us in without a password'
}

mysql_() {
	client=; for name in mariadb mysql; do has "$name" && client=$name && break; done
	[ -n "$client" ] || { unseen databases.mysql 'a server runs, but its client is not there'; return; }
	for defaults in /etc/mysql/my.cnf /etc/mysql/debian.cnf /etc/my.cnf; do
		[ -r "$defaults" ] || continue
		ask() { "$client" --defaults-file="$defaults" --connect-timeout=2 --batch --skip-column-names -e "$1"; }
		server=$(ask 'select version(), @@read_only') || continue
		printf '%s\n' "$server" | tag "mysql"
		ask "select ifnull(sum(t.data_length + t.index_length), 0), s.default_collation_name, s.schema_name from information_schema.schemata s
			left join information_schema.tables t on t.table_schema = s.schema_name
			where s.schema_name not in ('information_schema', 'performance_schema', 'sys', 'mysql') group by s.schema_name, s.default_collation_name" | tag mysql-database
		{ ask 'show replica status\G' || ask 'show slave status\G'; } |
			grep -E '^ *(Master|Source)_Host:|^ *(Slave|Replica)_(IO|SQL)_Running:|^ *Seconds_Behind_(Master|Source):' | tag mysql-replica
		return
	done
	unseen databases.mysql 'a server runs, but does not let us in without a password'
}

redis() {
	client=; for name in redis-cli valkey-cli; do has "$name" && client=$name && break; done
	[ -n "$client" ] || { unseen databases.redis 'a server runs, but its client is not there'; return; }
	answer=$("$client" -p 6379 info)
	case $answer in
	*redis_version*) printf '%s\n' "$answer" | tr -d '\r' | grep -E '^(redis_version|valkey_version|role|master_host|connected_slaves|used_memory|db[0-9]+):' | tag redis ;;
	*) unseen databases.redis 'a server runs, but does not answer on port 6379 without a password' ;;
	esac
}

! running 'postgres|postmaster' || postgres
! running 'mysqld|mariadbd' || mysql_
! running 'redis-server|valkey-server' || redis
