// Where the paths of a configuration begin.
import { resolve } from 'node:path'

export type Place = {
  /** The folder of lifeboat.yaml. */
  readonly baseFolder: string
  /** What `~` stands for. */
  readonly home: string
}

/** `~/x` in the home folder, everything else beside the configuration. */
export function resolvePath(text: string, place: Place): string {
  const path = text === '~' || text.startsWith('~/') ? `${place.home}${text.slice(1)}` : text
  return resolve(place.baseFolder, path)
}
