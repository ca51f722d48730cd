// What cloud-init does at a node's first boot: name, keys, and the data volume where the move's data will live. Nothing
// in it is secret: whoever may describe the instance can read it.
import { stringify } from 'yaml'

export type FirstBoot = {
  readonly hostname: string
  readonly authorizedKeys: readonly string[]
  /** The data volume, `vol-…`, and where it is mounted; null: there is none. */
  readonly data: { readonly volumeId: string; readonly mount: string } | null
}

const label = 'lifeboat-data'

/**
 * The text of the user data. The volume is attached while the node boots, so the boot waits for it before file systems
 * are made; `overwrite: false` keeps what a volume holds when its instance is replaced.
 */
export function userDataOf({ hostname, authorizedKeys, data }: FirstBoot): string {
  const device = data === null ? null : deviceOf(data.volumeId)
  const config = {
    hostname,
    preserve_hostname: false,
    // Root may log in by key: the images' own default forwards root to another user.
    disable_root: false,
    ssh_pwauth: false,
    ssh_authorized_keys: authorizedKeys,
    ...(data === null || device === null
      ? {}
      : {
          bootcmd: [['sh', '-c', `n=0; until [ -e ${device} ] || [ $n -ge 300 ]; do n=$((n + 1)); sleep 1; done`]],
          fs_setup: [{ device, filesystem: 'ext4', label, partition: 'none', overwrite: false }],
          // nofail: a node without its volume still has to be reached by ssh.
          mounts: [[`LABEL=${label}`, data.mount, 'ext4', 'defaults,nofail,x-systemd.device-timeout=60s', '0', '2']],
        }),
  }
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`
}

/**
 * The device of a volume inside a node: instances of the Nitro system show it as NVMe with the volume's id as its serial
 * number, whatever device name the attachment asks for.
 */
export function deviceOf(volumeId: string): string {
  return `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volumeId.replace('-', '')}`
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
