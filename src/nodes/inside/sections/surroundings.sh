date +%s | tag clock
if [ -r /etc/timezone ]; then cat /etc/timezone | tag zone; else ls -ln$q /etc/localtime | sed -n 's/.*zoneinfo[/]//p' | tag zone; fi
cat /proc/[0-9]*/comm | grep -xE 'systemd-timesyn|chronyd|ntpd|openntpd' | sort -u | tag timekeeper
[ ! -e /run/systemd/timesync/synchronized ] || echo yes | tag synchronized
grep -E '^(nameserver|search|domain|options)[[:space:]]' /etc/resolv.conf | tag resolver
grep -E '^[[:space:]]*[0-9a-fA-F.:]+[[:space:]]' /etc/hosts | tag hosts
for program in rsync nft iptables python3 python2; do
	# One that fails is not there, only something with its name.
	has "$program" && text=$("$program" --version 2>&1 </dev/null) && printf '%s\n' "$text" | head -n 1 | tag "version$tab$program"
done
has ldd && ldd --version 2>&1 | head -n 1 | tag "version${tab}libc"
