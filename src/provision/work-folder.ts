// The folder of a stack: its Pulumi.yaml and its Pulumi.<stack>.yaml, which holds the salt of the encryption and so has
// to live as long as the state. A temporary folder, the engine's default, would lose it.
import { mkdir, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { LifeboatError } from '../core/errors.ts'

/** Makes sure of the folder and its two files; what stands there already is left alone. Answers its path. */
export async function prepareWorkFolder(stateFolder: string, project: string, stack: string): Promise<string> {
  const folder = workFolderOf(stateFolder, stack)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeOnce(join(folder, 'Pulumi.yaml'), { name: project, runtime: 'nodejs', description: `Nodes of ${project}, declared by Lifeboat.` })
  // Every resource names its provider, or fails: a default one would take whatever account the environment offers.
  await writeOnce(join(folder, `Pulumi.${stack}.yaml`), { config: { 'pulumi:disable-default-providers': ['*'] } })
  return folder
}

export function workFolderOf(stateFolder: string, stack: string): string {
  return join(stateFolder, 'pulumi', stack)
}

/** A file backend wants its folder to be there. */
export async function prepareBackend(backendUrl: string): Promise<void> {
  const folder = backendFolderOf(backendUrl)
  if (folder !== null) await mkdir(folder, { recursive: true, mode: 0o700 })
}

/** Far more than one run writes. */
const roomMiB = 16

/**
 * Fails with provision-failed where the disk of a file backend has no room for a run: one that fills up in the middle leaves
 * a state that is cut off, and with it goes the knowledge of what was made (seen with 3.259).
 */
export async function refuseFullDisk(backendUrl: string): Promise<void> {
  const folder = backendFolderOf(backendUrl)
  if (folder === null) return
  const { bavail, bsize } = await statfs(folder)
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20)
  if (freeMiB >= roomMiB) return
  throw new LifeboatError(
    'provision-failed',
    `The disk of the engine's state (${folder}) has ${freeMiB} MiB left; ${roomMiB} are needed before anything is changed.`,
  )
}

/** The folder of a file backend; null for the others. */
export function backendFolderOf(backendUrl: string): string | null {
  if (!backendUrl.startsWith('file://')) return null
  const url = new URL(backendUrl)
  url.search = ''
  return fileURLToPath(url)
}

async function writeOnce(path: string, content: unknown): Promise<void> {
  try {
    await writeFile(path, stringify(content), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
