// What every command needs: the configuration, the secrets that this environment resolves, a line to the controller.
import { once } from 'node:events'
import { homedir, hostname, userInfo } from 'node:os'
import { kinds } from '../adapters.ts'
import { findConfig, readConfig, type Draft } from '../config/load.ts'
import { bindSecrets, resolveReferences } from '../config/references.ts'
import { escaped } from '../core/terminal.ts'
import { connectController, type ControllerClient } from '../controller/client.ts'
import type { LifeboatError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'

export type GlobalOptions = {
  readonly json?: boolean
  readonly yes?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly config?: string
  readonly state?: string
  readonly pulumiRoot?: string
  readonly color?: boolean
}

/** What goes along with a request (src/app/app.ts, Context). */
export type Context = {
  readonly config: { readonly text: string; readonly baseFolder: string }
  readonly secrets: Readonly<Record<string, string>>
  readonly who: string
}

export type Session = {
  readonly draft: Draft
  readonly client: ControllerClient
  readonly context: Context
  /** References that this environment cannot resolve (with `some`; else the first of them is the failure). */
  readonly unresolved: readonly LifeboatError[]
  /** Aborts on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  readonly close: () => Promise<void>
}

/** Opens a session. `secrets`: `all` fails when one cannot be resolved, `some` brings those that can be. */
export async function openSession(options: GlobalOptions, secrets: 'all' | 'some'): Promise<Session> {
  const stop = new AbortController()
  const onSignal = (): void => stop.abort(interrupted)
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal)
  const unresolved: LifeboatError[] = []
  const onUnavailable = secrets === 'some' ? (error: LifeboatError) => void unresolved.push(error) : undefined
  const { draft, state, values, database } = await readSettings(options, stop.signal, onUnavailable)
  const client = await connectController({ state, database, pulumiRoot: options.pulumiRoot ?? null, signal: stop.signal })
  return {
    draft,
    client,
    context: { config: { text: draft.text, baseFolder: draft.baseFolder }, secrets: values, who: whoRuns() },
    unresolved,
    signal: stop.signal,
    close: async () => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal)
      await client.close()
    },
  }
}

/** For the journal; a user without a passwd entry has a number only. */
function whoRuns(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    return `${process.getuid?.() ?? 'somebody'}@${hostname()}`
  }
}

export type Settings = {
  readonly draft: Draft
  readonly state: string
  /** The values of its references. */
  readonly values: Readonly<Record<string, string>>
  /** URL of the shared database; null: there is none. */
  readonly database: Secret | null
}

/** lifeboat.yaml with what this environment resolves. Fails with the first reference that it cannot, unless `onUnavailable` takes it; without its database nothing can be done. */
export async function readSettings(options: GlobalOptions, signal: AbortSignal, onUnavailable?: (error: LifeboatError) => void): Promise<Settings> {
  const draft = await readConfig(await findConfig(process.cwd(), options.config), kinds)
  const { baseFolder, document } = draft
  const place = { baseFolder, home: homedir(), env: process.env, signal }
  const values = await resolveReferences(draft.references, onUnavailable === undefined ? place : { ...place, onUnavailable })
  const database = document.database === undefined ? null : bindSecrets(document.database, values)
  // One that was not resolved fails here, with its name.
  database?.reveal()
  const revealed = Object.fromEntries([...values].map(([reference, secret]) => [reference, secret.reveal()]))
  return { draft, state: options.state ?? document.state, values: revealed, database }
}

/** The reason of a session's signal: somebody pressed Ctrl-C. Nothing that runs is ended by it. */
export const interrupted = new Error('Interrupted.')

/** Runs `act` in a session and closes it whatever happens. */
export async function inSession<T>(options: GlobalOptions, secrets: 'all' | 'some', act: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(options, secrets)
  try {
    return await act(session)
  } finally {
    await session.close()
  }
}

/** The answer: on stdout. */
export function answer(text: string): void {
  const safe = escaped(text)
  process.stdout.write(safe.endsWith('\n') ? safe : `${safe}\n`)
}

/** An answer that is printed as it comes, no faster than it is read. */
export async function answerPieces(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  // A character may be cut in two.
  const decoder = new TextDecoder()
  for await (const piece of pieces) if (!process.stdout.write(escaped(decoder.decode(piece, { stream: true })))) await once(process.stdout, 'drain')
}

/** The conversation: on stderr, unless --quiet. */
export function say(options: GlobalOptions, text: string): void {
  if (options.quiet !== true) process.stderr.write(`${escaped(text)}\n`)
}

const silenceMs = 5000

/** Says on stderr that an answer is waited for, once that has taken a while: the controller asks a busy provider again and again. */
export async function patiently<T>(options: GlobalOptions, whom: string, answered: Promise<T>): Promise<T> {
  const began = performance.now()
  const tell = (): void => {
    const seconds = Math.round((performance.now() - began) / 1000)
    say(options, `No answer of ${whom} for ${seconds} s. One that is busy is asked again by itself; Ctrl-C ends the waiting.`)
  }
  const timer = setInterval(tell, silenceMs)
  return await answered.finally(() => clearInterval(timer))
}
