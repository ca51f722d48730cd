// What cloud-init does at a node's first boot: name, keys, and the data volume where the move's data will live. Nothing
// in it is secret: whoever may describe the instance can read it.
import { stringify } from 'yaml'
import { z } from 'zod'
import { LifeboatError } from '../core/errors.ts'
import type { PlannedMove } from '../core/plan.ts'
import type { Outputs } from './provider.ts'

export type FirstBoot = {
  readonly hostname: string
  readonly authorizedKeys: readonly string[]
  /** The device of the data volume inside the node, by a name that is its alone, and where it is mounted; null: there is none. */
  readonly data: DataVolume | null
}

export type DataVolume = {
  readonly device: string
  readonly mount: string
  /** A shell pattern, where only that is known beforehand; `device` is then a link that the boot makes to it. Absent: it is the device. */
  readonly pattern?: string
}

const dataSchema = z.object({ volumeId: z.string().optional() })
const label = 'lifeboat-data'

/**
 * The text of the user data. The volume is attached while the node boots, so the boot waits for it before file systems
 * are made; `overwrite: false` keeps what a volume holds when its instance is replaced.
 */
export function userDataOf({ hostname, authorizedKeys, data }: FirstBoot): string {
  const config = {
    hostname,
    preserve_hostname: false,
    // Root may log in by key: the images' own default forwards root to another user.
    disable_root: false,
    ssh_pwauth: false,
    ssh_authorized_keys: authorizedKeys,
    ...(data === null
      ? {}
      : {
          bootcmd: [['sh', '-c', waitFor(data)]],
          fs_setup: [{ device: data.device, filesystem: 'ext4', label, partition: 'none', overwrite: false }],
          // nofail: a node without its volume still has to be reached by ssh.
          mounts: [[`LABEL=${label}`, data.mount, 'ext4', 'defaults,nofail,x-systemd.device-timeout=60s', '0', '2']],
        }),
  }
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`
}

function waitFor({ device, pattern = device }: DataVolume): string {
  const link = pattern === device ? '' : `; ln -sfn ${pattern} ${device}`
  return `n=0; until [ -e ${pattern} ] || [ $n -ge 300 ]; do n=$((n + 1)); sleep 1; done${link}`
}

/** The same for a node whose volume is its only one. `device`: null for a move without a volume. Fails as `mountOf` does. */
export function firstBootOf(move: PlannedMove, authorizedKeys: readonly string[], device: string | null): string {
  return userDataOf({ hostname: move.name, authorizedKeys, data: device === null ? null : { device, mount: mountOf(move) } })
}

/** Where the node mounts its volume. Fails with config-invalid when one mount cannot hold all that the move copies. */
export function mountOf(move: PlannedMove): string {
  const mount = dataMountOf(move.roots)
  if (mount !== null) return mount
  throw new LifeboatError('config-invalid', `The data of ${move.name} lies in ${move.roots.join(' and ')}; one volume cannot be mounted above them all.`, {
    details: { move: move.name, roots: move.roots },
  })
}

/** The id of a move's volume from the outputs of its data program; null: the move has none. Fails with provision-failed when it should have one. */
export function volumeIdOf(move: PlannedMove, data: Outputs): string | null {
  const { volumeId } = dataSchema.parse(data)
  // Its data would go to the system disk.
  if (move.to.volumeGiB > 0 && volumeId === undefined) throw new LifeboatError('provision-failed', `The data volume of ${move.name} is not there yet.`)
  return volumeId ?? null
}

/** Directories on whose place a fresh system has nothing that it needs. */
const free = new Set(['/srv', '/data', '/opt', '/home', '/mnt'])

/**
 * Where the data volume is mounted so that all roots are on it: a free directory above all of them, else the one
 * directory that is a root itself and holds the others. Null: no single mount can hold them.
 */
export function dataMountOf(roots: readonly string[]): string | null {
  const paths = roots.map((root) => root.split('/').filter(Boolean))
  const first = paths[0]
  if (first === undefined) return '/srv'
  const length = first.findIndex((part, index) => !paths.every((path) => path[index] === part))
  const shared = length === -1 ? first : first.slice(0, length)
  const top = `/${shared[0] ?? ''}`
  if (free.has(top)) return top
  const whole = `/${shared.join('/')}`
  return roots.some((root) => `/${root.split('/').filter(Boolean).join('/')}` === whole) ? whole : null
}
