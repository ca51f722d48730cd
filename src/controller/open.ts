// A controller, however it was started: the database, the lock of its state folder, the workflows, the socket.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openApp, type App } from '../app/app.ts'
import type { LifeboatError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { createServer } from '../server/api.ts'
import { version } from '../version.ts'
import { lostConnection, openDatabase } from './database.ts'
import { folderName, takeLock } from './lock.ts'
import type { Places } from './places.ts'

export type ControllerOptions = {
  readonly places: Places
  /** URL of the shared database; null: the embedded one. */
  readonly database: Secret | null
  readonly secrets: Readonly<Record<string, string>>
  readonly pulumiRoot: string | null
  readonly helperFolder: string
  readonly stop: AbortSignal
  /** Somebody asks over the socket that it ends. */
  readonly end: (reason: string) => void
  /** Each time that somebody asks anything. */
  readonly touched: () => void
  /** It must not act any more, not even for an orderly end: must end the process. */
  readonly onLost: (why: LifeboatError) => void
  readonly onLog: (text: string) => void
}

export type Controller = { readonly app: App; readonly label: string; readonly close: () => Promise<void> }

/** Fails as openDatabase and takeLock do. */
export async function openController(options: ControllerOptions): Promise<Controller> {
  const { places } = options
  const database = await openDatabase(places, options.database, AbortSignal.timeout(60_000))
  const folder = folderName(places.state)
  // Without the lock another controller may be at work.
  const lock = await takeLock(database, folder, () => options.onLost(lostConnection(database)))
  const app = await openApp({ ...options, ...places, database, folder, kind: 'controller' })
  const since = new Date().toISOString()
  const server = createServer(
    app,
    { version, pid: process.pid, since, state: places.state, database: database.label },
    { touched: options.touched, stop: () => options.end('The controller was told to end.') },
  )
  await rm(places.socket, { force: true })
  process.umask(0o077)
  // Whoever reaches the socket finds this file, too.
  await writeFile(join(places.state, 'controller.json'), JSON.stringify({ pid: process.pid, since, version, socket: places.socket }))
  await server.listen({ path: places.socket })
  return {
    app,
    label: database.label,
    close: async () => {
      await server.close()
      await app.close()
      await lock.release()
      await database.stop()
      await rm(places.sockets, { recursive: true, force: true })
    },
  }
}
