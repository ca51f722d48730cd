# From /proc alone: it needs no ss and no netstat, and is the same on every kernel.
has awk || { unseen sockets 'awk is not there'; exit 0; }
tcp=; udp=
for file in tcp tcp6; do [ -r "/proc/net/$file" ] && tcp="$tcp /proc/net/$file"; done
for file in udp udp6; do [ -r "/proc/net/$file" ] && udp="$udp /proc/net/$file"; done
[ -n "$tcp" ] || { unseen sockets '/proc/net/tcp may not be read'; exit 0; }

# Outgoing: no listener has its port. One line for each peer, for there may be thousands of connections. Short ones are
# caught while they fade (06, TIME_WAIT).
sockets=$(
	# shellcheck disable=SC2086 # a list of files
	awk '$4 == "0A" { print "tcp", $2, $10 }' $tcp
	# shellcheck disable=SC2086
	[ -z "$udp" ] || awk '$4 == "07" && $3 ~ /:0000$/ { print "udp", $2, $10 }' $udp
	# shellcheck disable=SC2086
	awk '{ split($2, own, ":") } pass == 1 { if ($4 == "0A") listens[own[2]] = 1; next }
		$4 ~ /^(01|02|04|05|06|08)$/ && !(own[2] in listens) && !told[$3]++ { print "to", $3, $10 }' pass=1 $tcp pass=2 $tcp
)
printf '%s\n' "$sockets" | tag socket

owners=$({ printf '%s\n' "$sockets"; ls -ln$q /proc/[0-9]*/fd; } | awk '
	/^(tcp|udp|to) / { wanted[$3] = 1; next }
	/^\/proc\// { split($0, part, "/"); pid = part[3] }
	/socket:\[/ { inode = $0; sub(/.*socket:\[/, "", inode); sub(/\].*/, "", inode); if (inode in wanted && !told[inode]++) print inode, pid }')
printf '%s\n' "$owners" | tag owner
isroot || unseen 'sockets.process' 'only root sees whose the sockets of others are'

pids=$(printf '%s\n' "$owners" | awk 'NF { print $2 }' | sort -u)
for pid in $pids; do process "$pid"; done

# Which package each program came from, and its configuration.
packager=$(packager)
for pid in $pids; do ls -ln$q "/proc/$pid/exe" | sed -n 's/.* -> //p'; done | sort -u | while read -r program; do
	case $packager in
	dpkg)
		# With a merged /usr dpkg may know the program under its old path.
		owner=$(dpkg-query -S "$program" || dpkg-query -S "${program#/usr}") || continue
		owner=${owner%%:*}
		printf 'package\t%s\t%s\t%s\n' "$program" "$owner" "$(dpkg-query -W -f '${Version}' "$owner")"
		dpkg-query -W -f '${Conffiles}\n' "$owner" | awk 'NF { print $1 }' | head -n 20 | tag "config$tab$owner"
		;;
	rpm)
		owner=$(rpm -qf --qf '%{NAME}\n' "$program") || continue
		# Several packages may share a file, in two architectures or versions.
		owner=$(printf '%s\n' "$owner" | head -n 1)
		printf 'package\t%s\t%s\t%s\n' "$program" "$owner" "$(rpm -qf --qf '%{VERSION}-%{RELEASE}\n' "$program" | head -n 1)"
		rpm -qc "$owner" | grep '^/' | head -n 20 | tag "config$tab$owner"
		;;
	*)
		unseen 'sockets.package' 'neither dpkg nor rpm is there'
		break
		;;
	esac
done
