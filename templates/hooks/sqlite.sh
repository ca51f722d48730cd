#!/bin/sh
# A SQLite database as data of a move (docs/hook.md): sqlite.sh METHOD FILE
#   data: [ { kind: hook, name: orders, sync: hooks/sqlite.sh sync /srv/orders.db, verify: hooks/sqlite.sh verify /srv/orders.db, … } ]
# Each pass takes a consistent copy beside the database and carries it over when the other side has another one; a database
# that is too large for that needs another way. Both nodes need sqlite3; what uses the file belongs under `services`.
set -eu
method=$1 file=$2 copy=$2.lifeboat
on() { ssh -F "$LIFEBOAT_SSH" "$1" "$2"; }

case $method in
prepare)
	on to 'command -v sqlite3 >/dev/null' || { echo 'sqlite3 is not installed on the receiving node' >&2; exit 1; }
	bytes=$(on from "stat -c %s '$file'")
	echo "{\"files\": 1, \"bytes\": $bytes}"
	;;
sync)
	# What a backup replaces would keep pages of what was there.
	here=$(on from "rm -f '$copy' && sqlite3 '$file' '.timeout 10000' \".backup '$copy'\" && sha256sum <'$copy'")
	there=$(on to "sha256sum <'$file' 2>/dev/null || true")
	if [ "$here" = "$there" ]; then
		on from "rm '$copy'"
		echo '{"movedBytes": 0}'
		exit
	fi
	bytes=$(on from "stat -c %s '$copy'")
	on from "cat '$copy' && rm '$copy'" | on to "cat >'$copy' && sync '$copy' && rm -f '$file-wal' '$file-shm' && mv '$copy' '$file' && sync \"\$(dirname '$file')\""
	# A pipe tells of its last part only.
	[ "$(on to "sha256sum <'$file'")" = "$here" ] || { echo "$file did not arrive as it was sent" >&2; exit 1; }
	echo "{\"movedBytes\": $bytes, \"movedFiles\": 1}"
	;;
verify)
	digest="sqlite3 -readonly '$file' .dump | sha256sum"
	[ "$(on from "$digest")" = "$(on to "$digest")" ] && echo '{"differences": []}' || echo "{\"differences\": [{\"path\": \"$file\", \"what\": \"holds something else\"}]}"
	;;
*)
	echo "sqlite.sh does not know $method" >&2
	exit 1
	;;
esac
