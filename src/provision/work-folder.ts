// The folder of a stack: its Pulumi.yaml and its Pulumi.<stack>.yaml, which holds the salt of the encryption and so has
// to live as long as the state. A temporary folder, the engine's default, would lose it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'

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
