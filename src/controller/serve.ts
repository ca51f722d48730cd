// The controller in the foreground, for everybody who has a token: its API, webhooks and metrics over TCP beside the socket,
// with the lifeboat.yaml and the secrets of its own environment. It observes, judges, and fails over as the policy says.
import { join } from 'node:path'
import type { ConfigText } from '../config/find.ts'
import type { Config } from '../config/schema.ts'
import { openSight } from '../app/watch/evidence.ts'
import { LifeboatError, messageOf } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { sleep } from '../io/wait.ts'
import { createTcpServer } from '../server/api.ts'
import { openAudit } from '../server/audit.ts'
import { listenAt } from '../server/listen.ts'
import { openController } from './open.ts'
import { helperFolder, placesOf } from './places.ts'

export type ServeOptions = {
  readonly state: string
  readonly database: Secret | null
  /** With its secrets bound. */
  readonly config: Config
  readonly configText: ConfigText
  readonly secrets: Readonly<Record<string, string>>
  readonly pulumiRoot: string | null
  readonly stop: AbortController
  readonly onLost: (why: LifeboatError) => void
  readonly onLog: (text: string) => void
}

const lookEveryMs = 1000
const drillEveryMs = 60_000

/** Answers once it listens: where, and a promise of its orderly end. Fails as openController and receiveHooks do, or with config-invalid when it cannot listen there. */
export async function startServing(options: ServeOptions): Promise<{ readonly url: string; readonly ended: Promise<void> }> {
  const { config, configText, secrets, stop, onLog } = options
  const places = placesOf(options.state)
  const end = (reason: string): void => stop.abort(new LifeboatError('controller-unreachable', reason))
  const controller = await openController({ ...options, places, helperFolder, stop: stop.signal, end, touched: () => undefined })
  const opened = [controller.close]
  const close = async (): Promise<void> => {
    for (const each of opened.toReversed()) await each()
  }
  try {
    const context = { config: configText, secrets, isComplete: true }
    // Moves of an earlier process wait for it.
    controller.app.bring({ ...context, who: 'serve' })
    const whoServes = await controller.app.openWhoServes(config)
    const { log, panel, receiver, close: closeSight } = await openSight({ config, state: places.state, serving: whoServes.last, onLog })
    opened.push(closeSight)
    const lookout = await controller.app.openLookout({ config, panel, whoServes, onLog })
    opened.push(lookEvery(lookout.look, onLog))
    opened.push(lookEvery(controller.app.drillSchedule({ ...context, who: 'serve' }, config, stop.signal, onLog), onLog, drillEveryMs))
    const audit = await openAudit(join(places.state, 'audit.jsonl'))
    opened.push(audit.close)
    const door = { tokens: config.server.tokens, context, audit }
    const server = createTcpServer(controller.app, { door, receiver, evidence: log, touched: () => undefined, stop: () => undefined })
    opened.push(async () => await server.close())
    const url = await listenAt(server, config.server.listen, 'server.listen')
    return { url, ended: endOf(stop.signal).then(close) }
  } catch (error) {
    await close()
    throw error
  }
}

/** One look after the other; answers the way to its end. */
function lookEvery(look: (now: number) => Promise<void>, onLog: (text: string) => void, everyMs = lookEveryMs): () => Promise<void> {
  const ended = new AbortController()
  const run = async (): Promise<void> => {
    for (;;) {
      await look(Date.now()).catch((error: unknown) => onLog(`What was seen could not be judged: ${messageOf(error)}`))
      await sleep(everyMs, ended.signal)
    }
  }
  const running = run().catch(() => undefined)
  return async () => {
    ended.abort()
    await running
  }
}

async function endOf(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
