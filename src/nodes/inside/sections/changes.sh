# Files that changed within the last hour, for each file system of its own; the root last, because it is slow and matters least.
grep -E ' - (ext[234]|xfs|btrfs|zfs|jfs|reiserfs|f2fs|overlay) ' /proc/self/mountinfo | awk '{ print $5 }' | sort -ru |
	while read -r escaped; do
		case $escaped in /var/lib/docker/* | /var/lib/containers/* | /snap/*) continue ;; esac
		place=$(printf '%b' "$escaped")
		sum=$(find "$place" -xdev -type f -mmin -60 -exec ls -lnd$q {} + | awk '{ files++; bytes += $5 } END { printf "%d %.0f", files, bytes }')
		printf 'changed\t%s %s\n' "$escaped" "$sum"
	done
isroot || unseen changes 'folders that only root may read were left out'
