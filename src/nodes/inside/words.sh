# What every section may use. A line of a section is a word, a tab and a value.
tab=$(printf '\t')
# How ls hides control characters in names; the one of busybox cannot.
ls -q / >/dev/null 2>&1 && q=q || q=
has() { command -v "$1" >/dev/null 2>&1; }
# tag WORD (without slash or ampersand): all lines of its input under this word, so that no value that has several lines can pass for another word.
tag() { cut -c 1-1000 | sed -e "s/^/$1$tab/" -e 5000q; }
# unseen WHAT WHY
unseen() { printf 'unseen\t%s\t%s\n' "$1" "$2"; }
# What knows of packages here; busybox brings an rpm that answers no question.
packager() { if has dpkg-query; then echo dpkg; elif rpm --version >/dev/null 2>&1; then echo rpm; fi; }
isroot() { [ "$(id -u)" = 0 ]; }
running() { cat /proc/[0-9]*/comm | grep -qxE "$1"; }
# process PID: its control group, program and name.
process() {
	group=; name=
	# The hierarchy of systemd comes first where both versions of control groups are in use.
	while read -r line; do
		case $line in *:name=systemd:*) group=${line#*:*:} && break ;; 0::*) group=${line#*:*:} ;; esac
	done <"/proc/$1/cgroup"
	read -r name <"/proc/$1/comm"
	program=$(ls -ln$q "/proc/$1/exe" | sed -n 's/.* -> //p')
	printf 'process\t%s\t%s\t%s\t%s\n' "$1" "$group" "$program" "$name"
}
