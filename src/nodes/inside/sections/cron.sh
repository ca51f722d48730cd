# Of a command only the program: what follows may hold a password, and so may an assignment in front of it.
jobs() {
	file=$1 user=$2 awk '/^[ \t]*[0-9*@]/ {
		last = $1 ~ /^@/ ? 1 : 5
		when = $1
		for (field = 2; field <= last; field++) when = when " " $field
		who = ENVIRON["user"]
		if (who == "") who = $(++last)
		program = $(last + 1)
		if (program ~ /[=:]/) program = "?"
		print when "\t" who "\t" program "\t" ENVIRON["file"]
	}' "$1" | tag job
}
for file in /etc/crontab /etc/cron.d/*; do
	[ -f "$file" ] && jobs "$file" ''
done
for folder in /var/spool/cron/crontabs /var/spool/cron; do
	[ -d "$folder" ] || continue
	if [ -r "$folder" ] && [ -x "$folder" ]; then
		for file in "$folder"/*; do [ -f "$file" ] && jobs "$file" "${file##*/}"; done
	else
		unseen cron.users "$folder may not be read"
	fi
	break
done
for file in /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* /etc/cron.monthly/*; do
	[ -x "$file" ] && [ -f "$file" ] && printf '%s\n' "$file" | tag script
done
# What a package brought, the target's own packages bring as well.
packager=$(packager)
if [ -n "$packager" ]; then
	echo yes | tag packages
	for file in /etc/crontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* /etc/cron.weekly/* /etc/cron.monthly/*; do
		[ -f "$file" ] || continue
		if [ "$packager" = dpkg ]; then dpkg-query -S "$file"; else rpm -qf "$file"; fi >/dev/null 2>&1 && printf '%s\n' "$file" | tag packaged
	done
fi
