# keeper.sh LIFE PATIENCE PROGRAM ARGUMENTS…
# Becomes PROGRAM, and sees to its end when whoever started it is gone: an engine that nobody watches may not work on,
# since another process will. On descriptor 3 they say `go` before it begins, then anything within each LIFE seconds, and
# `done` once it has ended. Are they silent, it has PATIENCE seconds to end by itself (it writes down what it has made),
# as many after a SIGINT, and then all of its session is killed, the plugins too.
life=$1 patience=$2
shift 2
read -r -t "$life" -u 3 word && [[ $word == go ]] || exit 75

ends_in_time() {
	local second
	for ((second = 0; second < patience; second++)); do
		kill -0 $$ 2>/dev/null || return 0
		sleep 1
	done
	return 1
}

kill_session() {
	local file line fields process
	for file in /proc/[0-9]*/stat; do
		{ read -r line <"$file"; } 2>/dev/null || continue
		# What follows the name: state, parent, group, session.
		fields=(${line##*) })
		process=${file#/proc/}
		process=${process%/stat}
		[[ ${fields[3]} == "$$" && $process != "$BASHPID" ]] && kill -KILL "$process"
	done
}

keep() {
	while read -r -t "$life" -u 3 word; do
		[[ $word == done ]] && return
	done
	ends_in_time || { kill -INT $$ && ends_in_time; }
	kill_session
}

keep &
exec 3<&-
exec "$@"
