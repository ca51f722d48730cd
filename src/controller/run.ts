// The controller: one process for a state folder. It owns the database, runs the workflows and serves the socket; it
// goes when nothing runs and nobody has asked for a while. Terminals only watch it.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { openApp } from '../app/app.ts'
import { LifeboatError, codeOf, messageOf } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { sleep } from '../io/wait.ts'
import { createServer } from '../server/api.ts'
import { version } from '../version.ts'
import { lostConnection, openDatabase } from './database.ts'
import { folderName, takeLock } from './lock.ts'
import { helperFolder, placesOf } from './places.ts'

const idleMs = Number(process.env['LIFEBOAT_IDLE_MS'] ?? 120_000)

const { values } = parseArgs({
  options: { state: { type: 'string' }, 'pulumi-root': { type: 'string' }, helpers: { type: 'string' }, 'database-from-stdin': { type: 'boolean' } },
})

async function main(): Promise<void> {
  const places = placesOf(values.state ?? '.lifeboat')
  const stop = new AbortController()
  const end = (reason: string): void => stop.abort(new LifeboatError('controller-unreachable', reason))
  // A log that cannot be written ends nothing.
  process.stderr.on('error', () => undefined)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(`The controller was told to end (${signal}).`))

  const shared = values['database-from-stdin'] === true ? new Secret(await text(process.stdin)) : null
  const database = await openDatabase(places, shared, AbortSignal.timeout(60_000))
  const folder = folderName(places.state)
  // Without the lock another controller may be at work: nothing may be done any more, not even an orderly end.
  const lock = await takeLock(database, folder, () => fail(lostConnection(database)))
  const app = await openApp({
    database,
    folder,
    kind: 'controller',
    secrets: {},
    state: places.state,
    knownHosts: places.knownHosts,
    sockets: places.sockets,
    pulumiRoot: values['pulumi-root'] ?? null,
    helperFolder: values.helpers ?? helperFolder,
    stop: stop.signal,
    onLost: (why) => fail(why),
    onLog: (text) => process.stderr.write(`${new Date().toISOString()} ${text}\n`),
  })

  let touchedAt = performance.now()
  const since = new Date().toISOString()
  const touched = (): void => void (touchedAt = performance.now())
  const server = createServer(
    app,
    { version, pid: process.pid, since, state: places.state, database: database.label },
    { touched, stop: () => end('The controller was told to end.') },
  )
  await rm(places.socket, { force: true })
  process.umask(0o077)
  // Whoever reaches the socket finds this file, too.
  await writeFile(join(places.state, 'controller.json'), JSON.stringify({ pid: process.pid, since, version, socket: places.socket }))
  await server.listen({ path: places.socket })

  while (!stop.signal.aborted) {
    await sleep(1000, stop.signal).catch(() => undefined)
    if (await app.isBusy().catch(() => true)) touched()
    if (performance.now() - touchedAt > idleMs) end('Nothing runs and nobody asks.')
  }
  await server.close()
  await app.close()
  await lock.release()
  await database.stop()
  await rm(places.sockets, { recursive: true, force: true })
}

/** The last line of the log tells whoever started this process. */
function fail(error: unknown): never {
  process.stderr.write(`${JSON.stringify({ code: codeOf(error), message: messageOf(error) })}\n`)
  process.exit(codeOf(error) === 'controller-busy' ? 4 : 1)
}

main().then(() => process.exit(0), fail)
