// Accounts and keys of two systems, read and merged where they stand. Hashes of passwords pass through this process and the
// stdin of a shell, never through an argument.
import { LifeboatError } from '../../../core/errors.ts'
import { tryAct } from '../../act.ts'
import type { Pair, Side } from '../../mover.ts'
import { accountFiles, linesOf, nameOf, withAccountsOf, type Accounts } from './accounts.ts'

export type System = { readonly accounts: Accounts; readonly keys: ReadonlyMap<string, readonly string[]>; readonly own: ReadonlySet<string> | null }

/** Lines of files have a blank in front, so that none looks like one of ours. Keys behind a link may be anybody's. */
const readScript = `for file in passwd group shadow gshadow; do echo "=$file"; sed 's/^/ /' /etc/$file 2>/dev/null; done
echo =own; sed 's/^/ /' "$1/own-accounts" 2>/dev/null
cut -d: -f1,6 /etc/passwd | while IFS=: read -r name home; do
  file=$home/.ssh/authorized_keys
  if [ -f "$file" ] && ! [ -h "$home/.ssh" ] && ! [ -h "$file" ]; then echo "=keys $name"; sed 's/^/ /' "$file"; fi
done; :`

export async function readSystem(side: Side, signal: AbortSignal): Promise<System> {
  const { exitCode, stdout } = await side.run(['sh', '-c', readScript, 'sh', side.folder], { signal })
  if (exitCode !== 0) throw new LifeboatError('node-failed', `The accounts of the ${side.name} cannot be read.`)
  const parts = new Map<string, string[]>()
  let part: string[] = []
  for (const line of stdout.split('\n')) {
    if (line.startsWith('=')) parts.set(line.slice(1), (part = []))
    else if (line !== '') part.push(line.slice(1))
  }
  const text = (file: string): string => (parts.get(file) ?? []).map((line) => `${line}\n`).join('')
  const own = parts.get('own') ?? []
  return {
    accounts: { passwd: text('passwd'), group: text('group'), shadow: text('shadow'), gshadow: text('gshadow') },
    keys: new Map([...parts].flatMap(([name, lines]) => (name.startsWith('keys ') ? [[name.slice(5), lines.filter(isKey)]] : []))),
    own: own.length === 0 ? null : new Set(own),
  }
}

/** A key that a person or a cloud put there; those of moves open nothing but their helpers. */
function isKey(line: string): boolean {
  return /(^|\s)(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]{40,}/.test(line) && !/ lifeboat \S+$/.test(line.trimEnd())
}

/** Writes new files whole, in the places of those that were read: of each its sum, its name, its lines; in the order of what depends on what. */
const writeScript = `umask 077; folder=$1; cat > "$folder/accounts.new" || exit 1
for file in group gshadow passwd shadow; do
  sed -n "s/^$file //p" "$folder/accounts.new" > "$folder/$file.new"
  [ -s "$folder/$file.new" ] || continue
  cp -p /etc/$file /etc/$file.lifeboat && cat "$folder/$file.new" > /etc/$file.lifeboat && sync /etc/$file.lifeboat && mv /etc/$file.lifeboat /etc/$file || exit 1
done
rm -f "$folder"/accounts.new "$folder"/group.new "$folder"/gshadow.new "$folder"/passwd.new "$folder"/shadow.new`

/**
 * Gives the receiving side the accounts that only the giving one has; answers the accounts of both afterwards. What the
 * target had of its own is noted on it at first, and never goes to the source.
 */
export async function mergeAccounts(pair: Pair, from: System, to: System, signal: AbortSignal): Promise<Accounts> {
  const isForward = pair.from.name === 'source'
  if (isForward && to.own === null) await noteOwn(pair.to, from, to, signal)
  const merged = withAccountsOf(from.accounts, to.accounts, (isForward ? null : from.own) ?? new Set())
  const changed = accountFiles.filter((file) => merged[file] !== to.accounts[file])
  if (changed.length > 0) {
    if (changed.some((file) => merged[file].includes('\uFFFD')))
      throw new LifeboatError('gate-closed', 'A line of an account is not UTF-8; correct it with vipw or vigr.')
    const input = changed.flatMap((file) => merged[file].split('\n').flatMap((line) => (line === '' ? [] : [`${file} ${line}\n`]))).join('')
    await write(pair.to, ['sh', '-c', writeScript, 'sh', pair.to.folder], input, 'accounts', signal)
  }
  return merged
}

async function noteOwn(target: Side, from: System, to: System, signal: AbortSignal): Promise<void> {
  const known = new Set([...linesOf(from.accounts.passwd), ...linesOf(from.accounts.group)].map(nameOf))
  const own = [...linesOf(to.accounts.passwd), ...linesOf(to.accounts.group)].map(nameOf).filter((name) => !known.has(name))
  // Never empty: an empty file would look like none.
  const input = ['-', ...new Set(own)].map((name) => `${name}\n`).join('')
  await write(target, ['sh', '-c', 'cat > "$1/own-accounts"', 'sh', target.folder], input, 'accounts', signal)
}

/** As the account itself, in whose folder a link may lead anywhere. */
const keysScript = `umask 077; mkdir -p "$1/.ssh" && file=$1/.ssh/authorized_keys || exit 1
[ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ] && echo >> "$file"; cat >> "$file"`

/** Keys of the source go to its accounts on the target; none is taken away, and none goes back. */
export async function mergeKeys(pair: Pair, from: System, to: System, accounts: Accounts, signal: AbortSignal): Promise<void> {
  if (pair.from.name !== 'source') return
  for (const [name, keys] of from.keys) {
    const has = new Set(to.keys.get(name))
    const more = keys.filter((key) => !has.has(key))
    const [, , uid = '', gid = '', , home = ''] = linesOf(accounts.passwd).find((line) => nameOf(line) === name) ?? []
    if (more.length === 0 || uid === '') continue
    const input = more.map((key) => `${key}\n`).join('')
    await write(
      pair.to,
      ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', 'sh', '-c', keysScript, 'sh', home],
      input,
      `keys of ${name}`,
      signal,
    )
  }
}

/** Only where it receives: with the token of this execution, and on a side that nobody serves from. */
async function write(side: Side, command: readonly string[], input: string, what: string, signal: AbortSignal): Promise<void> {
  const { exitCode } = await tryAct(side, command, { signal, input, role: 'closed' })
  if (exitCode !== 0) throw new LifeboatError('node-failed', `The ${what} cannot be written on the ${side.name} ${side.address} (exit ${exitCode}).`)
}
