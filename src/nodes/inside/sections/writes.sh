cat /proc/uptime | tag uptime
awk '{ print $1 ":" $2, $10 }' /proc/diskstats | tag sectors
