uname -n | tag host
uname -r | tag kernel
uname -m | tag machine
id -un | tag user
for file in /etc/os-release /usr/lib/os-release; do
	[ -r "$file" ] || continue
	grep -E '^(ID|VERSION_ID|PRETTY_NAME)=' "$file" | tag os
	break
done
cat /etc/redhat-release /etc/debian_version | head -n 1 | tag release
cat /proc/uptime | tag uptime
