# Goes to a node over the standard input of one ssh call (script.ts puts it together). It reads, writes nothing, starts
# nothing that stays, and ends by itself. POSIX sh; whatever program it asks may be missing.
#
# A line of the answer is `@NAME` (a section begins), `|TEXT` (a line of it) or `=NAME STATUS` (it ended). Nothing that a
# value holds can be taken for another frame: each line of a section, whatever is in it, comes out behind a bar.

LC_ALL=C PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin RANDFILE=/dev/null MYSQL_HISTFILE=/dev/null
export LC_ALL PATH RANDFILE MYSQL_HISTFILE

# Seconds since the start of the machine: no clock that somebody sets, and no program to start.
now() { read -r up rest </proc/uptime && echo "${up%%.*}"; }

end=$(($(now) + within))
timeout -s KILL 1 true </dev/null 2>/dev/null && limits=yes || limits=

# section NAME SECONDS TEXT: runs the text in a shell of its own; what it started is ended with it.
section() {
	left=$((end - $(now)))
	[ "$left" -gt 0 ] || return 0
	[ "$left" -lt "$2" ] || left=$2
	echo "@$1"
	if [ -n "$limits" ]; then
		out=$(timeout -s KILL "$left" sh -c "$words$3" </dev/null 2>/dev/null)
	else
		out=$(sh -c "$words$3" </dev/null 2>/dev/null)
	fi
	status=$?
	[ -z "$out" ] || printf '%s\n' "$out" | sed 's/^/|/'
	echo "=$1 $status"
}
