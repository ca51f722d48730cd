// A worker: runs moves of a shared database in the foreground, with the secrets of its own environment. It listens nowhere.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openApp } from '../app/app.ts'
import type { LifeboatError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { lostConnection, openDatabase } from './database.ts'
import { folderName, takeLock } from './lock.ts'
import { helperFolder, placesOf } from './places.ts'

export type WorkerOptions = {
  readonly state: string
  readonly database: Secret
  /** The folder of its lifeboat.yaml: keys, authorities and scripts that moves name stand beside it, or in its home. */
  readonly baseFolder: string
  readonly secrets: Readonly<Record<string, string>>
  readonly pulumiRoot: string | null
  /** Ends it in order: what runs is left as it stands, once it holds no clients, and others take it over with their next beat. */
  readonly stop: AbortSignal
  /** It must not act any more; called at any time after the start, and must end the process. */
  readonly onLost: (why: LifeboatError) => void
  readonly onLog: (text: string) => void
}

/** Answers once it runs: where it keeps the moves, and a promise of its orderly end. Fails as openDatabase and takeLock do. */
export async function startWorker(options: WorkerOptions): Promise<{ readonly label: string; readonly ended: Promise<void> }> {
  const database = await openDatabase(placesOf(options.state), options.database, options.stop)
  // Beside a controller of the same folder, whose sockets and files are its own.
  const places = placesOf(join(options.state, 'worker'))
  const folder = folderName(places.state)
  const lock = await takeLock(database, folder, () => options.onLost(lostConnection(database)))
  const app = await openApp({
    ...options,
    database,
    folder,
    kind: 'worker',
    // Its end is that of the app: not at once, where clients are held.
    stop: new AbortController().signal,
    state: places.state,
    knownHosts: places.knownHosts,
    sockets: places.sockets,
    helperFolder,
  })
  const end = async (): Promise<void> => {
    if (!options.stop.aborted) await new Promise((resolve) => options.stop.addEventListener('abort', resolve, { once: true }))
    await app.close()
    await lock.release()
    await rm(places.sockets, { recursive: true, force: true })
  }
  return { label: database.label, ended: end() }
}
