// Four kilobytes that must reach the disk of a data volume, without a trace: a file that has no name any more when it is
// written, and never among the data that a move watches.
import { quote } from '../io/ssh.ts'

/**
 * A shell script that writes and syncs on the file system of this folder. It takes the root of that file system or
 * /var/tmp, and where the data are that root, the folder which moves do not look at (.lifeboat-deleted).
 */
export function syncScript(folder: string): string {
  return [
    `p=${quote(folder)}; m=$(stat -c %m -- "$p") && on=$(stat -c %d -- "$p") || exit 1`,
    `for d in "$m" /var/tmp "$p/.lifeboat-deleted"; do`,
    `[ "$d" != "$p" ] || continue; case $d in */.lifeboat-deleted) mkdir -p "$d" 2>/dev/null && made=$d;; esac`,
    `[ -w "$d" ] && [ "$(stat -c %d -- "$d")" = "$on" ] || continue`,
    `f="$d/.lifeboat-sync-$$"; (exec 3>"$f" && rm -f "$f" && dd if=/dev/zero bs=4096 count=1 conv=fsync >&3); r=$?`,
    `[ -z "$made" ] || rmdir "$made" 2>/dev/null; exit $r`,
    `done; echo "nothing on the file system of $p may be written to" >&2; exit 75`,
  ].join('\n')
}
