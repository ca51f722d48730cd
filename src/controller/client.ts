// How everything else talks to the controller: HTTP over its unix socket, started on demand.
import { spawn } from 'node:child_process'
import { existsSync, openSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LifeboatError, codeOf, exitStatusOf } from '../core/errors.ts'
import { linesType } from '../core/inventory-lines.ts'
import type { JournalRecord } from '../core/records.ts'
import type { Secret } from '../core/secret.ts'
import { waitUntil } from '../io/wait.ts'
import { version } from '../version.ts'
import { embeddedLabel, labelOf } from '../core/database-url.ts'
import { lineTo, parseFailure } from './line.ts'
import { placesOf, type Places } from './places.ts'
import { lackOfSpace } from './space.ts'

export type ControllerClient = {
  /** Fails with what the controller answered as `lifeboat.error/1`, as a LifeboatError of the same code. */
  readonly get: (path: string, signal: AbortSignal) => Promise<unknown>
  readonly post: (path: string, body: unknown, signal: AbortSignal) => Promise<unknown>
  /** The same, but the answer is lines of JSON, piece by piece as it comes. */
  readonly postForLines: (path: string, body: unknown, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>
  /** Journal records after a sequence number, for ever; reconnects when the line is lost and misses nothing. */
  readonly follow: (after: number, signal: AbortSignal) => AsyncIterable<JournalRecord>
  readonly close: () => void
}

export type StartOptions = {
  readonly state: string
  readonly pulumiRoot: string | null
  /** URL of the shared database; null: the embedded one. Absent: whichever a running controller uses. */
  readonly database?: Secret | null
  readonly signal: AbortSignal
}

const startWithinMs = 60_000
const answerWithinMs = 10_000

/** Connects to the controller of a state folder; starts one when there is none. Fails with version-mismatch, controller-busy (it uses another database) or controller-unreachable. */
export async function connectController(options: StartOptions): Promise<ControllerClient> {
  const wanted = wantedLabel(options.database)
  const places = placesOf(options.state)
  const client = clientOf(places)
  const health = (await ask(client, options.signal)) ?? (await startController(places, client, options))
  if (health.version !== version) {
    client.close()
    throw new LifeboatError('version-mismatch', `The controller that runs is version ${health.version}, this command is ${version}.`)
  }
  if (wanted !== null && health.database !== wanted) {
    client.close()
    throw new LifeboatError('controller-busy', `The controller that runs keeps its moves in ${health.database}, lifeboat.yaml names ${wanted}.`)
  }
  return client
}

/** The controller of a state folder that was brought this lifeboat.yaml (`digestOf`) and all its secrets; null: there is none, or it is of another version. */
export async function controllerThatKnows(state: string, digest: string, signal: AbortSignal): Promise<ControllerClient | null> {
  if (!existsSync(state)) return null
  const client = clientOf(placesOf(state))
  const health = await ask(client, signal)
  if (health?.version === version && health.knows === digest) return client
  client.close()
  return null
}

function wantedLabel(database: Secret | null | undefined): string | null {
  if (database === undefined) return null
  return database === null ? embeddedLabel : labelOf(database)
}

type Health = {
  readonly version: string
  readonly pid: number
  readonly database: string
  /** Digest of the lifeboat.yaml of which the controller has all secrets; null: it was brought none. */
  readonly knows: string | null
}

async function ask(client: ControllerClient, signal: AbortSignal): Promise<Health | null> {
  try {
    return (await client.get('/healthz', AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]))) as Health
  } catch (error) {
    signal.throwIfAborted()
    if (codeOf(error) === 'controller-unreachable') return null
    if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error
    const sentence = `A controller runs, but did not answer within ${answerWithinMs / 1000} s; it may be stopped.`
    throw new LifeboatError('controller-unreachable', sentence, { cause: error })
  }
}

/**
 * Of V8: what is read in pages is garbage at once, and looked for in time with the first; an inventory of 20,000 machines
 * takes less than 200 MiB. With it alone the space of new objects shrinks to 1 MB again and again, and reading takes a sixth
 * more CPU; with 4 MB it takes no less, and up to 20 MiB more. (--optimize-for-size saves as much memory, and reading takes
 * two thirds more CPU.)
 */
export const heapFlags = ['--memory-saver-mode', '--min-semi-space-size=2', '--max-semi-space-size=2']

/** A process of its own: ending the terminal, or Ctrl-C in it, does not end the controller. */
async function startController(places: Places, client: ControllerClient, options: StartOptions): Promise<Health> {
  const log = openSync(places.log, 'a', 0o600)
  const logged = sizeOf(places.log)
  const root = options.pulumiRoot === null ? [] : ['--pulumi-root', options.pulumiRoot]
  const main = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? 'main.ts' : 'main.js')
  const { database = null } = options
  const child = spawn(process.execPath, [...heapFlags, main, '--state', places.state, ...root, ...(database === null ? [] : ['--database-from-stdin'])], {
    detached: true,
    stdio: ['pipe', log, log],
    cwd: places.state,
  })
  // It may hold a password, and everybody can read arguments. A process that ended already tells why in its log.
  child.stdin?.on('error', () => undefined).end(database?.reveal() ?? '')
  let status: number | null = null
  child.once('exit', (code) => (status = code ?? 1))
  child.unref()
  const answer = async (): Promise<Health | null> => {
    const health = await ask(client, options.signal)
    // Ours may have lost the race against another one that starts at the same moment; that one will answer.
    if (health === null && status !== null && status !== exitStatusOf('controller-busy'))
      throw await endOf(places, logged, 'The controller ended at its start.')
    return health
  }
  return await waitUntil(answer, { what: `A start of the controller (see ${places.log})`, deadlineMs: startWithinMs, everyMs: 50, signal: options.signal })
}

/** Why a controller ended: what its log tells since it had this size, or that the log has no room to tell it; else this sentence. */
async function endOf(places: Places, logged: number, sentence: string): Promise<LifeboatError> {
  const log = await readFile(places.log).catch(() => Buffer.alloc(0))
  const last = log.subarray(logged).toString('utf8').trim().split('\n').at(-1) ?? ''
  const words = last === '' ? sentence : `${sentence.slice(0, -1)}; the last line of ${places.log}: ${last}`
  const told = parseFailure(last)
  // Another one that came in vain tells that in the same log.
  if (told !== null && told.code !== 'controller-busy') return told
  return lackOfSpace(places) ?? new LifeboatError('controller-unreachable', words)
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** Ends the controller of a state folder, if one answers, and waits until its database has ended, too. */
export async function stopController(state: string, signal: AbortSignal): Promise<void> {
  const places = placesOf(state)
  const client = clientOf(places)
  try {
    // The database of one that was killed runs on; whoever needs it adopts it.
    if ((await ask(client, signal)) === null) return
    await client.post('/api/v1/stop', {}, signal)
  } finally {
    client.close()
  }
  const ended = async (): Promise<true | null> =>
    await Promise.resolve(existsSync(places.socket) || existsSync(join(places.database, 'postmaster.pid')) ? null : true)
  await waitUntil(ended, { what: 'The end of the controller', deadlineMs: startWithinMs, everyMs: 50, signal })
}

function clientOf(places: Places): ControllerClient {
  const { open, value, close } = lineTo(places.socket)
  return {
    get: async (path, signal) => await value({ method: 'GET', path }, signal),
    post: async (path, body, signal) => await value({ method: 'POST', path, body }, signal),
    postForLines: async (path, body, signal) => await open({ method: 'POST', path, body, accept: linesType }, signal),
    follow: (after, signal) => follow(places, after, signal),
    close,
  }
}

async function* follow(places: Places, after: number, signal: AbortSignal): AsyncIterable<JournalRecord> {
  let seen = String(after)
  const logged = sizeOf(places.log)
  while (!signal.aborted) {
    const line = lineTo(places.socket)
    try {
      const answer = await line.open({ method: 'GET', path: `/events?after=${seen}` }, signal)
      for await (const { id, record } of eventsOf(answer)) {
        seen = id
        yield record
      }
    } catch {
      if (signal.aborted) return
      // The line was lost; whether the controller is gone too is for the caller to ask.
      if ((await ask(clientOf(places), signal).catch(() => null)) === null) throw await endOf(places, logged, 'The controller ended.')
    } finally {
      line.close()
    }
  }
}

async function* eventsOf(body: AsyncIterable<Buffer>): AsyncIterable<{ readonly id: string; readonly record: JournalRecord }> {
  let rest = ''
  // A character may be cut by the end of a chunk.
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    const events = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const [, id, data] = /^id: (\S+)\ndata: (.*)$/s.exec(event) ?? []
      if (id !== undefined && data !== undefined) yield { id, record: JSON.parse(data) as JournalRecord }
    }
  }
}
