// How rsync is called, and what its exit codes mean: pure. Facts: rsync(1), and what was measured for this project.
import { LifeboatError } from '../../core/errors.ts'
import { quote } from '../../io/ssh.ts'
import type { Pair, Pass, PassKind, RunResult, Side } from '../mover.ts'
import type { Numbers, Owners } from './system/accounts.ts'
import type { Way } from './way.ts'

/** Deletions that a pass carries over are kept here until finish, and what a pass replaces where that may be more than an older copy (`keptWords`). */
export const keptFolder = '.lifeboat-deleted'

/** In each folder where a first copy was broken off that did not write in place: what it had of a file by then. */
const partFolder = '.lifeboat-partial'

export type Root = {
  readonly path: string
  readonly exclude: readonly string[]
  /** Megabits a second that passes may take, but for the one in the freeze. */
  readonly linkMbps?: number | undefined
  /** Of a whole system: its programs run while they are replaced, and whose numbers of accounts are which. */
  readonly system?: { readonly owners: (pair: Pair, signal: AbortSignal) => Promise<Owners> }
}

/** What a pass is called with beside its root and sides. */
export type Journey = {
  readonly kind: PassKind
  /** Names the folder that keeps what this pass deletes or replaces. */
  readonly pass: string
  /** A file of names on the giving side, NUL-separated; null: the whole tree. */
  readonly list: string | null
  readonly way: Way
  /** Copies that share the limit of the way. */
  readonly beside?: number
  /** Nothing lay there before this first copy began. */
  readonly fresh?: boolean
  /** Files with holes may be among what it carries. */
  readonly holed?: boolean
  /** A folder with content may have to make way for something else. */
  readonly makesWay?: boolean
  /** The socket of an ssh to the other side that stands already; null: a connection of its own. */
  readonly warm?: string | null
  /** Whose numbers of accounts are which; null: the same on both sides. */
  readonly owners?: Owners | null
}

/** The push of one root. */
export function rsyncCommand(root: Root, from: Side, to: Side, journey: Journey): readonly string[] {
  const { kind, way, beside = 1, warm = null, owners = null } = journey
  return [
    // A first copy takes what the node has to spare.
    ...(kind === 'first' ? ['nice', '-n', '10', ...(way.ionice ? ['ionice', '-c', '3'] : [])] : []),
    'rsync',
    '-aH',
    '--numeric-ids',
    '--one-file-system',
    '--timeout=60',
    '--stats',
    ...wayWords(way, kind === 'final' ? null : beside),
    ...scopeWords(journey),
    ...keptWords(journey, from),
    ...(kind === 'audit' ? ['--checksum'] : []),
    ...writeWords(journey),
    ...(owners === null ? [] : ['--omit-dir-times', ...mapWords('usermap', owners.users, from), ...mapWords('groupmap', owners.groups, from)]),
    `--exclude=/${keptFolder}/`,
    ...root.exclude.map((pattern) => `--exclude=${pattern}`),
    '-e',
    sshWords(from, to, way, warm).map(quote).join(' '),
    '--',
    folderOf(root),
    `${to.user}@${to.address.includes(':') ? `[${to.address}]` : to.address}:${folderOf(root)}`,
  ]
}

function scopeWords({ kind, list, fresh = false }: Journey): readonly string[] {
  // What of a list is gone meanwhile the recorder names again.
  if (list !== null) return ['--from0', `--files-from=${list}`, '--ignore-missing-args']
  if (fresh) return []
  // What is held against a recorder; in blocks, as ssh would carry each line by itself.
  return ['--delete', ...(kind === 'repeat' ? [`--out-format=${changeFormat}`, '--outbuf=B'] : [])]
}

/** What stood there before a first copy may be anybody's, but where nothing did; what the way back replaces may be all there is of it. */
function keptWords({ kind, list, pass, makesWay = false, fresh = false }: Journey, from: Side): readonly string[] {
  const keeps = makesWay || (!fresh && (list === null || kind === 'first' || from.name === 'target'))
  return keeps ? ['--backup', `--backup-dir=${keptFolder}/${pass}`, '--force'] : []
}

/**
 * In place, where a pass can: of a big file it reads and writes what has changed. A program that runs is replaced. A first
 * copy can where nothing lay there: 7 % of its time are for names that each file has for a moment only.
 */
function writeWords(journey: Journey): readonly string[] {
  const { kind, way, holed = true, owners = null, fresh = false } = journey
  // Looking for holes costs a sixth of a first copy of small files.
  const sparse = (kind === 'first' ? way.holes : holed) ? ['--sparse'] : []
  const canInPlace = owners === null && (sparse.length === 0 || way.holesInPlace)
  if (kind !== 'first') return ['--no-inc-recursive', ...(canInPlace ? ['--inplace'] : []), ...sparse]
  return [...(canInPlace && fresh ? ['--inplace'] : [`--partial-dir=${partFolder}`, `--exclude=${partFolder}/`]), ...sparse]
}

function mapWords(option: string, numbers: Numbers, from: Side): readonly string[] {
  const pairs = [...numbers].map(([source, target]) => (from.name === 'source' ? `${source}:${target}` : `${target}:${source}`))
  return pairs.length === 0 ? [] : [`--${option}=${pairs.join(',')}`]
}

/** `sharing`: copies that share the limit of the way; null: it does not count. */
function wayWords({ acls, xattrs, exactTimes, compression, limitKiB }: Way, sharing: number | null): readonly string[] {
  return [
    ...(acls ? ['-A'] : []),
    ...(xattrs ? ['-X'] : []),
    // Nanoseconds count: a file rewritten at the same size within a second would be taken for the old one.
    ...(exactTimes ? ['--modify-window=-1'] : []),
    ...(compression === null ? [] : ['-z', `--compress-choice=${compression}`]),
    ...(compression === 'zstd' ? ['--compress-level=1'] : []),
    ...(limitKiB === null || sharing === null ? [] : [`--bwlimit=${Math.max(1, Math.floor(limitKiB / sharing))}`]),
  ]
}

/** The key of the run opens nothing there but the helper's own door; the host keys were pinned when the node was prepared. */
function sshWords(from: Side, to: Side, way: Way, warm: string | null): readonly string[] {
  const settings = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${from.folder}/known_hosts`,
    'ServerAliveInterval=15',
    // Where nobody listens there any more, ssh connects by itself.
    ...(warm === null ? [] : [`ControlPath=${warm}`]),
  ]
  return [
    'ssh',
    ...(way.cipher === null ? [] : ['-c', way.cipher]),
    '-F',
    '/dev/null',
    '-i',
    `${from.folder}/run_key`,
    '-p',
    String(to.port),
    ...(from.relayed === true ? [...settings, `ProxyCommand=${from.folder}/lifeboat-helper relay --move ${moveOf(from)}`] : settings).flatMap((each) => [
      '-o',
      each,
    ]),
  ]
}

/** The folder of the helper ends with the name of the move. */
function moveOf(side: Side): string {
  return side.folder.split('/').at(-1) ?? ''
}

/** Whether a folder with content stood where a name of a list had to go, and nothing was there to keep it. */
export function needsWay({ exitCode, stderr }: RunResult): boolean {
  return exitCode === 23 && stderr.includes('could not make way for new ')
}

/**
 * Whether a pass counts. 24 (files vanished while reading) is normal while the source is written to, an error in the
 * freeze. 23 (some files were not transferred) also skips deletions and never counts.
 */
export function judgeExit(result: RunResult, kind: PassKind, root: string): void {
  if (result.exitCode === 0 || (result.exitCode === 24 && kind !== 'final')) return
  const words = result.stderr.split('\n').findLast((line) => line.trim() !== '' && !line.startsWith('rsync error:')) ?? ''
  const meaning = meanings[result.exitCode] ?? 'ended'
  if (/No space left on device|Disk quota exceeded/.test(result.stderr)) {
    throw new LifeboatError('disk-too-small', `The target has no space left for ${root}: ${words.trim()}`, { details: { exitCode: result.exitCode } })
  }
  if (result.exitCode === 127) throw new LifeboatError('node-tool-missing', 'rsync is not installed on the sending node.')
  throw new LifeboatError(
    'sync-failed',
    `rsync of ${root} ${meaning} (exit ${result.exitCode})${words === '' ? '' : `: ${words.trim().replace(/\.$/, '')}`}.`,
    { details: { exitCode: result.exitCode } },
  )
}

const meanings: Readonly<Record<number, string>> = {
  1: 'was called with options that this version does not know',
  5: 'could not start the protocol',
  10: 'lost its connection',
  11: 'could not write',
  12: 'lost the protocol; the other side ended or refused',
  20: 'was stopped',
  23: 'could not transfer everything',
  24: 'met files that vanished in the freeze: something still writes',
  25: 'reached its limit of deletions',
  30: 'waited too long for data',
  35: 'waited too long for a connection',
  255: 'could not connect over ssh',
}

/** One line for each name that a repeated pass over the whole tree changes there, in front of the figures. */
const changeFormat = '=%i %n'

/**
 * The names that a pass had to change, byte for byte (each character is one byte), without folders, as their times follow
 * from what is in them, and without parts of files, which no recorder named. rsync writes bytes that do not print as `\#ooo`.
 */
export function readChanges(stdout: string): readonly string[] {
  return stdout.split('\n').flatMap((line) => {
    const [, item = '', name = ''] = /^=(\*deleting|\S{11}) +(.*)$/.exec(line) ?? []
    if (name === '' || name.endsWith('/') || (item !== '*deleting' && item[1] === 'd') || `/${name}`.includes(`/${partFolder}/`)) return []
    return [
      Buffer.from(name, 'utf8')
        .toString('latin1')
        .replaceAll(/\\#([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    ]
  })
}

/** What `--stats` tells of a pass; of several copies, all together. */
export function readStats(stdout: string): Pick<Pass, 'movedBytes' | 'movedFiles'> {
  const number = (name: string): number =>
    [...stdout.matchAll(new RegExp(`^${name}: ([\\d,.]+)`, 'gm'))].reduce((sum, [, figure = '0']) => sum + Number(figure.replaceAll(/[,.]/g, '')), 0)
  return {
    movedBytes: number('Total transferred file size'),
    movedFiles: number('Number of regular files transferred') + number('Number of deleted files'),
  }
}

/** With the slash that means what is in it. */
function folderOf({ path }: Root): string {
  return `${path.replace(/\/+$/, '')}/`
}

export function trimmed(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path
}
