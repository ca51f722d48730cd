// What the machine of the controller must have.
import { formatBytes } from '../units.ts'
import { error, ok, warning, type Found } from './finding.ts'

export type Folder = { readonly path: string; readonly mode: number; readonly isOurs: boolean; readonly freeBytes: number }

const mib = 1024 * 1024
/** The embedded database needs this much for a few moves and their journal; a report of one move is under 1 MiB. */
const leastBytes = 200 * mib
const comfortableBytes = 1024 * mib

/** The state folder: nobody else may read it, and it must not run full in the middle of a switch. */
export function judgeFolder({ path, mode, isOurs, freeBytes }: Folder): Found[] {
  const space = `${path} has ${formatBytes(freeBytes)} left`
  const free = 'Free some space, or put the state elsewhere with state: in lifeboat.yaml.'
  return [
    isOurs
      ? ok('state-owner', `${path} belongs to this user.`)
      : error('state-owner', `${path} belongs to another user.`, `Run Lifeboat as its owner, or chown it.`),
    (mode & 0o077) === 0
      ? ok('state-mode', `Nobody else may look into ${path}.`)
      : error('state-mode', `Others may look into ${path} (mode ${(mode & 0o777).toString(8)}).`, `chmod 700 ${path}`),
    freeBytes < leastBytes
      ? error('state-space', `${space}; the limit is ${formatBytes(leastBytes)}.`, free)
      : freeBytes < comfortableBytes
        ? warning('state-space', `${space}.`, free)
        : ok('state-space', `${space}.`),
  ]
}

/** `version`: as `process.version` writes it. `engines`: `>=22.18`, of package.json. */
export function judgeNode(version: string, engines: string): Found {
  const [has, needs] = [version, engines].map((text) => (/(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number))
  const [major = 0, minor = 0] = has ?? []
  const [leastMajor = 0, leastMinor = 0] = needs ?? []
  const fits = major > leastMajor || (major === leastMajor && minor >= leastMinor)
  if (fits) return ok('node-version', `Node ${version.replace('v', '')}.`)
  return error(
    'node-version',
    `Node ${version.replace('v', '')} runs the controller; ${engines} is needed.`,
    'Install a newer Node, stop the controller, run the command again.',
  )
}

/** A key that others may read is refused by ssh itself. */
export function judgeKey(path: string, mode: number | null): Found {
  if (mode === null) return error('ssh-key', `The ssh key ${path} cannot be read.`, 'Correct ssh: { key: file:… } in lifeboat.yaml.')
  if ((mode & 0o077) === 0) return ok('ssh-key', `The ssh key ${path} is for this user alone.`)
  return error('ssh-key', `Others may read the ssh key ${path} (mode ${(mode & 0o777).toString(8)}); ssh will not use it.`, `chmod 600 ${path}`)
}
