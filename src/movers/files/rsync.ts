// How rsync is called, and what its exit codes mean: pure. Facts: rsync(1), and what was measured for this project.
import { LifeboatError } from '../../core/errors.ts'
import { quote } from '../../io/ssh.ts'
import type { Pass, PassKind, RunResult, Side } from '../mover.ts'

/** Deletions that a pass carries over, and what a pass replaces, are kept here until finish (interfaces.md §6). */
export const keptFolder = '.lifeboat-deleted'

export type Root = { readonly path: string; readonly exclude: readonly string[] }

/** The push of one root. `pass` names the folder that keeps what this pass deletes or replaces; `list`: a file of names, NUL-separated, else all. */
export function rsyncCommand(root: Root, from: Side, to: Side, kind: PassKind, pass: string, list: string | null = null): readonly string[] {
  const ssh = [
    'ssh',
    '-F',
    '/dev/null',
    '-i',
    `${from.folder}/run_key`,
    '-p',
    String(to.port),
    ...['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=yes', `UserKnownHostsFile=${from.folder}/known_hosts`, 'ServerAliveInterval=15'].flatMap(
      (each) => ['-o', each],
    ),
  ]
  return [
    'rsync',
    '-aHAX',
    '--numeric-ids',
    '--one-file-system',
    '--timeout=60',
    '--stats',
    // Nanoseconds count: a file rewritten at the same size within a second would be taken for the old one.
    '--modify-window=-1',
    // What of a list is gone meanwhile the recorder names again; what stands in the place of something else goes.
    ...(list === null ? ['--delete'] : ['--from0', `--files-from=${list}`, '--ignore-missing-args', '--force']),
    `--out-format=${changeFormat}`,
    '--backup',
    `--backup-dir=${keptFolder}/${pass}`,
    ...(kind === 'audit' ? ['--checksum'] : []),
    ...(kind === 'first' ? ['--partial-dir=.lifeboat-partial', '--exclude=.lifeboat-partial/', '--sparse'] : ['--no-inc-recursive', '--inplace']),
    `--exclude=/${keptFolder}/`,
    ...root.exclude.map((pattern) => `--exclude=${pattern}`),
    '-e',
    ssh.map(quote).join(' '),
    '--',
    `${trimmed(root.path)}/`,
    `${to.user}@${to.address.includes(':') ? `[${to.address}]` : to.address}:${trimmed(root.path)}/`,
  ]
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
  throw new LifeboatError('sync-failed', `rsync of ${root} ${meaning} (exit ${result.exitCode}): ${words.trim()}`, { details: { exitCode: result.exitCode } })
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

/** One line for each name that a pass changes there, in front of the figures. */
const changeFormat = '=%i %n'

/**
 * The names that a pass had to change, byte for byte (each character is one byte), without folders: their times follow
 * from what is in them. rsync writes bytes that do not print as `\#ooo`.
 */
export function readChanges(stdout: string): readonly string[] {
  return stdout.split('\n').flatMap((line) => {
    const [, item = '', name = ''] = /^=(\*deleting|\S{11}) +(.*)$/.exec(line) ?? []
    if (name === '' || name.endsWith('/') || item[1] === 'd') return []
    return [
      Buffer.from(name, 'utf8')
        .toString('latin1')
        .replaceAll(/\\#([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    ]
  })
}

/** What `--stats` tells of a pass. */
export function readStats(stdout: string): Pick<Pass, 'movedBytes' | 'movedFiles'> {
  const number = (name: string): number => Number((new RegExp(`^${name}: ([\\d,.]+)`, 'm').exec(stdout)?.[1] ?? '0').replaceAll(/[,.]/g, ''))
  return {
    movedBytes: number('Total transferred file size'),
    movedFiles: number('Number of regular files transferred') + number('Number of deleted files'),
  }
}

export function trimmed(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path
}
