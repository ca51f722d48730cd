// The root file system of a node: what the base image has, the shop's programs over it, and on top what is the node's own.
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run } from './command.ts'
import { nameServer } from './network.ts'
import { image, nextImage, worldFolder } from './place.ts'
import { makeVolume } from './volume.ts'

export type RootSpec = {
  readonly name: string
  readonly hostname?: string
  /** Lines of root's authorized_keys. */
  readonly authorizedKeys?: readonly string[]
  /** Debian 13 in place of 12. */
  readonly isNext?: boolean
  /** It has PostgreSQL and Redis beside the shop's programs, and the shop keeps its orders there. */
  readonly databases?: boolean
  /** Device -> mount point, for /etc/fstab. */
  readonly mounts?: Readonly<Record<string, string>>
  /** Further files: path -> text. Mode 0644, or 0600 under /etc/ssh and /root. */
  readonly files?: Readonly<Record<string, string>>
  /** Other modes: path -> mode. */
  readonly modes?: Readonly<Record<string, number>>
  /** A disk of its own in place of layers, of which the kernel reports no changes: MiB. */
  readonly rootMiB?: number
}

/** Puts it together, mounted in the world; `remove` forgets all that the node wrote into it. */
export async function layRoot(spec: RootSpec): Promise<{ readonly folder: string; readonly remove: () => Promise<void> }> {
  const base = spec.isNext === true ? nextImage : image
  if (!existsSync(base)) throw new Error(`The base image of the nodes is missing. Try: bash lab/setup${spec.isNext === true ? ' --for test' : ''}`)
  const own = path.join(worldFolder, 'nodes', spec.name)
  const folder = path.join(own, 'root')
  for (const part of ['changes', 'work', 'root']) mkdirSync(path.join(own, part), { recursive: true })
  const layers = [realpathSync(base), shopLayer('root'), ...(spec.databases === true ? [shopLayer('databases')] : [])]
  const disk = spec.rootMiB === undefined ? null : await makeVolume(`${spec.name}-root`, { sizeMiB: spec.rootMiB, format: true })
  if (disk === null) {
    const options = `lowerdir=${layers.toReversed().join(':')},upperdir=${own}/changes,workdir=${own}/work`
    await run('mount', ['-t', 'overlay', 'overlay', '-o', options, folder])
  } else {
    await run('mount', [disk.device, folder])
    for (const layer of layers) await run('cp', ['-a', `${layer}/.`, folder], { deadlineMs: 120_000 })
  }
  for (const [file, text] of Object.entries(ownFiles(spec))) write(folder, file, text, spec.modes?.[file])
  return {
    folder,
    remove: async () => {
      await run('umount', [folder])
      await disk?.remove()
      rmSync(own, { recursive: true })
    },
  }
}

/** The machine id of a node of this name. */
export function machineId(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32)
}

function ownFiles(spec: RootSpec): Record<string, string> {
  const hostname = spec.hostname ?? spec.name
  return {
    // Without an id, systemd takes a start for the first one and switches on whatever presets say.
    '/etc/machine-id': `${machineId(spec.name)}\n`,
    '/etc/hostname': `${hostname}\n`,
    '/etc/hosts': `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n`,
    '/etc/resolv.conf': `nameserver ${nameServer}\n`,
    '/etc/fstab': Object.entries(spec.mounts ?? {})
      .map(([device, place]) => `${device} ${place} ext4 defaults 0 2\n`)
      .join(''),
    '/root/.ssh/authorized_keys': (spec.authorizedKeys ?? []).map((line) => `${line.trim()}\n`).join(''),
    ...spec.files,
  }
}

function write(root: string, file: string, text: string, mode?: number): void {
  const place = path.join(root, file)
  const secret = file.startsWith('/root/') || (file.startsWith('/etc/ssh/') && !file.endsWith('.pub'))
  mkdirSync(path.dirname(place), { recursive: true, mode: secret ? 0o700 : 0o755 })
  writeFileSync(place, text)
  chmodSync(place, mode ?? (secret ? 0o600 : 0o644))
}

/** The shop's programs and units as an operator would have installed them; owned by root whoever owns the clone. */
function shopLayer(part: 'root' | 'databases'): string {
  const layer = path.join(worldFolder, 'shop', part)
  if (!existsSync(layer)) {
    cpSync(path.join(import.meta.dirname, 'shop', part), layer, { recursive: true, verbatimSymlinks: true })
  }
  return layer
}
