// Asks a node what a move would need of it, in one ssh call that changes nothing there. The answer has the frames of
// core/inside/answer.ts, in one section called `node`; core/doctor/node.ts reads it.
import { LifeboatError } from '../core/errors.ts'
import type { Ssh } from '../io/ssh.ts'

const script = `LC_ALL=C; export LC_ALL; PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
say() { printf '|%s\\t%s\\n' "$1" "$2"; }
echo @node
say uid "$(id -u)"
say machine "$(uname -m)"
say kernel "$(uname -r)"
test -d /run/systemd/system && say systemd yes
for tool in rsync nft iptables bash timeout base64 sha256sum find du; do command -v "$tool" >/dev/null 2>&1 && say tool "$tool"; done
for path in "$@"; do
  kind=absent; used=-
  test -d "$path" && kind=folder && used=$(timeout 10 du -skx "$path" 2>/dev/null | cut -f1)
  while test ! -e "$path"; do path=$(dirname "$path"); done
  say root "$kind $(df -Pk "$path" 2>/dev/null | awk 'NR == 2 { print $3 + $4, $4 }') \${used:--}"
done
for folder in /var/lib/lifeboat/*/; do
  test -d "$folder" || continue
  say ours "folder $(basename "$folder")"
  grep -q '"sysctls": *{ *"' "$folder/state.json" 2>/dev/null && say ours "sysctls $(basename "$folder")"
  say owner "$(sed -n 's/.*"owner": *"\\([^"]*\\)".*/\\1/p' "$folder/state.json" 2>/dev/null | head -n 1)"
done
for unit in /etc/systemd/system/lifeboat-*-helper.service; do
  test -e "$unit" && unit=\${unit##*/lifeboat-} && say ours "units \${unit%-helper.service}"
done
for guard in /etc/systemd/system/*.d/50-lifeboat-*.conf; do
  test -e "$guard" && guard=\${guard##*/50-lifeboat-} && say ours "guards \${guard%.conf}"
done
nft list tables inet 2>/dev/null | sed -n 's/^table inet lifeboat_//p' | sed 's/_hold$//' | while read -r table; do say ours "table $table"; done
iptables -S 2>/dev/null | sed -n 's/^-N LIFEBOAT_\\([^ ]*\\)$/\\1/p' | while read -r chain; do say ours "chain $chain"; done
sed -n 's/^[^#].* lifeboat \\([a-z0-9-]*\\)$/\\1/p' /root/.ssh/authorized_keys 2>/dev/null | while read -r key; do say ours "key $key"; done
say clock "$(date +%s)"
echo =node 0
`

/** What the node printed. Fails as ssh does, or with node-failed when the script could not begin (a sudo that asks, for example). */
export async function askFitness(ssh: Ssh, paths: readonly string[], options: { readonly signal: AbortSignal; readonly deadlineMs: number }): Promise<string> {
  const { stdout, stderr } = await ssh.run(['sh', '-s', '--', ...paths], { ...options, input: script })
  if (stdout.includes('@node')) return stdout
  const reason = stderr.trim().split('\n').at(-1) || 'it said nothing'
  throw new LifeboatError('node-failed', `${ssh.target.user}@${ssh.target.address} ran nothing for us: ${reason}.`)
}
