// The controller of the product (src/controller/run.ts) whose nodes, providers and names are those of the world in the
// process that started it. All else is real: database, workflows, limits, journal, HTTP. Argument: the state folder.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openApp } from '../../src/app/app.ts'
import { openDatabase } from '../../src/controller/database.ts'
import { folderName, takeLock } from '../../src/controller/lock.ts'
import { helperFolder, placesOf } from '../../src/controller/places.ts'
import { sleep } from '../../src/io/wait.ts'
import { createServer } from '../../src/server/api.ts'
import { version } from '../../src/version.ts'
import { linkOf, registerKinds } from './adapters.ts'
import { worldOfParent } from './asking.ts'
import { engineOf } from './engine.ts'

const places = placesOf(process.argv[2] ?? '')
const ask = worldOfParent()
registerKinds(ask)
const engine = engineOf(ask)
const stop = new AbortController()
const database = await openDatabase(places, null, AbortSignal.timeout(60_000))
const folder = folderName(places.state)
const lock = await takeLock(database, folder, () => process.exit(1))
const app = await openApp({
  database,
  folder,
  kind: 'controller',
  secrets: {},
  state: places.state,
  knownHosts: places.knownHosts,
  sockets: places.sockets,
  pulumiRoot: null,
  helperFolder,
  outside: { linkOf: linkOf(ask), engineOf: async () => await Promise.resolve(engine) },
  stop: stop.signal,
  onLost: () => process.exit(4),
  onLog: (text) => process.stderr.write(`${text}\n`),
})
const since = new Date().toISOString()
const server = createServer(app, { version, pid: process.pid, since, state: places.state, database: database.label }, { touched: () => undefined, stop: end })
await rm(places.socket, { force: true })
process.umask(0o077)
await writeFile(join(places.state, 'controller.json'), JSON.stringify({ pid: process.pid, since, version, socket: places.socket }))
await server.listen({ path: places.socket })
process.send?.({ ready: true })
// What the real one asks each second to know whether it may go.
setInterval(() => void app.isBusy().catch(() => true), 1000).unref()

function end(): void {
  stop.abort(new Error('Told to end.'))
  // Whoever told so is answered first.
  void sleep(100, new AbortController().signal)
    .then(async () => await server.close())
    .then(async () => await app.close())
    .then(async () => await lock.release())
    .then(async () => await database.stop())
    .then(async () => await rm(places.sockets, { recursive: true, force: true }))
    .then(() => process.exit(0))
}
