// The controller that commands start: one process for a state folder. It owns the database, runs the workflows and serves
// the socket; it goes when nothing runs and nobody has asked for a while. Terminals only watch it.
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { LifeboatError, codeOf, messageOf } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { sleep } from '../io/wait.ts'
import { openController } from './open.ts'
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

  let touchedAt = performance.now()
  const touched = (): void => void (touchedAt = performance.now())
  const { app, close } = await openController({
    places,
    database: values['database-from-stdin'] === true ? new Secret(await text(process.stdin)) : null,
    secrets: {},
    pulumiRoot: values['pulumi-root'] ?? null,
    helperFolder: values.helpers ?? helperFolder,
    stop: stop.signal,
    end,
    touched,
    onLost: (why) => fail(why),
    onLog: (line) => process.stderr.write(`${new Date().toISOString()} ${line}\n`),
  })
  while (!stop.signal.aborted) {
    await sleep(1000, stop.signal).catch(() => undefined)
    if (await app.isBusy().catch(() => true)) touched()
    if (performance.now() - touchedAt > idleMs) end('Nothing runs and nobody asks.')
  }
  await close()
}

/** The last line of the log tells whoever started this process. */
function fail(error: unknown): never {
  process.stderr.write(`${JSON.stringify({ code: codeOf(error), message: messageOf(error) })}\n`)
  process.exit(codeOf(error) === 'controller-busy' ? 4 : 1)
}

main().then(() => process.exit(0), fail)
