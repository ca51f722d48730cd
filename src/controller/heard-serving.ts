// Which nodes serve, as an observer without a controller was told last. It is kept: whoever is started anew watches these.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { servingSchema, type Serving } from '../core/serving.ts'

export type HeardServing = { readonly now: () => Serving; readonly hear: (serving: Serving) => Promise<void> }

/** Of this file; one that is missing or cannot be read says that nobody told anything: the sources serve. */
export async function openHeardServing(file: string): Promise<HeardServing> {
  let heard = await readFile(file, 'utf8').then(
    (text) => servingSchema.parse(JSON.parse(text)),
    (): Serving => ({}),
  )
  return {
    now: () => heard,
    hear: async (serving) => {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await writeFile(`${file}.new`, JSON.stringify(serving), { mode: 0o600 })
      await rename(`${file}.new`, file)
      heard = serving
    },
  }
}
