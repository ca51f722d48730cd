// Volumes: files that nodes see as block devices. They outlive the power of a node, and even the node.
import { closeSync, existsSync, mkdirSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run } from './command.ts'
import { worldFolder } from './place.ts'

export type Volume = {
  readonly name: string
  /** The loop device on this machine. */
  readonly device: string
  /** Runs a program on this machine that finds it mounted at a folder, for instance to seed it; never while a node has it. */
  readonly use: (command: (folder: string) => readonly string[]) => Promise<void>
  readonly remove: () => Promise<void>
}

export type VolumeOptions = {
  readonly sizeMiB: number
  /** With an ext4 file system on it. */
  readonly format: boolean
  /** Further words for mkfs.ext4. */
  readonly mkfs?: readonly string[]
}

/** Makes an empty volume, or finds the one of that name again. Size in MiB; only what is written takes memory. */
export async function makeVolume(name: string, options: VolumeOptions): Promise<Volume> {
  const folder = path.join(worldFolder, 'volumes')
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, name)
  const fresh = !existsSync(file)
  if (fresh) {
    writeFileSync(file, '')
    truncateSync(file, options.sizeMiB * 1024 * 1024)
    if (options.format) await run('mkfs.ext4', ['-q', '-F', '-m', '0', '-L', name.slice(0, 16), ...(options.mkfs ?? []), file])
  }
  const device = (await run('losetup', ['--find', '--show', file])).trim()
  // Detached while somebody has it open, the kernel frees it at the last close: also when this process is killed.
  const holder = openSync(device, 'r')
  await run('losetup', ['--detach', device])
  return {
    name,
    device,
    use: async (command) => {
      const at = path.join(folder, `${name}.mounted`)
      await withMount(device, at, command(at))
    },
    remove: async () => {
      closeSync(holder)
      rmSync(file)
      await Promise.resolve()
    },
  }
}

/** Makes another volume with the same content, the UUID of the file system included. Nobody may have the first one mounted. */
export async function copyVolume(from: string, name: string): Promise<Volume> {
  const folder = path.join(worldFolder, 'volumes')
  await run('cp', ['--sparse=always', path.join(folder, from), path.join(folder, name)], { deadlineMs: 120_000 })
  return await makeVolume(name, { sizeMiB: 0, format: false })
}

/**
 * In mounts of its own: a node that starts meanwhile copies the mounts of this world and would hold the file system for
 * as long as it lives.
 */
async function withMount(device: string, at: string, command: readonly string[]): Promise<void> {
  mkdirSync(at, { recursive: true })
  const script = 'mount "$1" "$2" && shift 2 && exec "$@"'
  await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', device, at, ...command], { deadlineMs: 600_000 })
}
