# Who has a file of the data open for writing; $paths: one folder a line. The links in /proc/PID/fd have the mode of the descriptor.
has awk || { unseen writers 'awk is not there'; exit 0; }
writers=$(ls -ln$q /proc/[0-9]*/fd | paths=$paths awk '
	BEGIN { count = split(ENVIRON["paths"], paths, "\n") }
	/^\/proc\// { split($0, part, "/"); pid = part[3] }
	/^l.w/ {
		file = $0
		sub(/.* -> /, "", file)
		for (i = 1; i <= count; i++) if (paths[i] != "" && index(file, paths[i] "/") == 1) { print pid "\t" file; break }
	}')
printf '%s\n' "$writers" | awk 'NF' | tag writer
for pid in $(printf '%s\n' "$writers" | awk 'NF { print $1 }' | sort -u); do process "$pid"; done
isroot || unseen writers 'only root sees which files others have open'
