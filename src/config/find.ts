// Which lifeboat.yaml is meant, and what tells one text from another; without reading what is in it.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { LifeboatError } from '../core/errors.ts'

export const configName = 'lifeboat.yaml'

/** Where everything of a project is kept, beside its lifeboat.yaml, unless it says otherwise. */
export const stateName = '.lifeboat'

/** What crosses the socket, beside the values of the secrets. */
export type ConfigText = { readonly text: string; readonly baseFolder: string }

/** The path of the configuration: the one that is named, else the nearest in this folder or above. Fails with config-missing. */
export async function findConfig(folder: string, named?: string): Promise<string> {
  if (named !== undefined) return resolve(folder, named)
  for (let place = resolve(folder); ; place = dirname(place)) {
    const file = join(place, configName)
    if (existsSync(file)) return file
    if (dirname(place) === place) throw new LifeboatError('config-missing', `There is no ${configName} in ${folder} or above it.`)
  }
}

/** Fails with config-missing. */
export async function readText(file: string): Promise<ConfigText> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LifeboatError('config-missing', `${file} cannot be read.`, { cause })
  })
  return { text, baseFolder: dirname(resolve(file)) }
}

export function digestOf({ text, baseFolder }: ConfigText): string {
  return createHash('sha256').update(`${baseFolder}\0${text}`).digest('hex')
}
