// What every command needs: the configuration, the secrets that this environment resolves, a line to the controller.
import { homedir, hostname, userInfo } from 'node:os'
import { kinds } from '../adapters.ts'
import { findConfig, type ConfigText } from '../config/find.ts'
import { readConfig, type Draft } from '../config/load.ts'
import { bindSecrets, resolveReferences } from '../config/references.ts'
import { resolvePath, type Place } from '../config/place.ts'
import { connectionUrl } from '../core/database-url.ts'
import { connectController, type ControllerClient } from '../controller/client.ts'
import type { LifeboatError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { onInterrupt } from './interrupt.ts'
import type { GlobalOptions } from './output.ts'

/** What goes along with a request (src/app/app.ts, Context). */
export type Context = {
  readonly config: ConfigText
  readonly secrets: Readonly<Record<string, string>>
  /** Whether these are all that the configuration names. */
  readonly isComplete: boolean
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
  readonly close: () => void
}

/** Opens a session. `secrets`: `all` fails when one cannot be resolved, `some` brings those that can be. */
export async function openSession(options: GlobalOptions, secrets: 'all' | 'some'): Promise<Session> {
  const { signal, forget } = onInterrupt()
  const unresolved: LifeboatError[] = []
  const onUnavailable = secrets === 'some' ? (error: LifeboatError) => void unresolved.push(error) : undefined
  const { draft, state, values, database } = await readSettings(options, signal, onUnavailable)
  const client = await connectController({ state, database, pulumiRoot: options.pulumiRoot ?? null, signal })
  return {
    draft,
    client,
    context: { config: { text: draft.text, baseFolder: draft.baseFolder }, secrets: values, isComplete: unresolved.length === 0, who: whoRuns() },
    unresolved,
    signal,
    close: () => {
      forget()
      client.close()
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
  // One that was not resolved fails here, with its name.
  const database = document.database === undefined ? null : databaseAt(bindSecrets(document.database, values), place)
  const revealed = Object.fromEntries([...values].map(([reference, secret]) => [reference, secret.reveal()]))
  return { draft, state: options.state ?? document.state, values: revealed, database }
}

/** The URL of a shared database as it is used, with paths beside lifeboat.yaml. Fails with config-invalid. */
export function databaseAt(url: Secret, place: Place): Secret {
  return connectionUrl(url, (path) => resolvePath(path, place), process.env['PGSSLMODE'])
}

/** Runs `act` in a session and closes it whatever happens. */
export async function inSession<T>(options: GlobalOptions, secrets: 'all' | 'some', act: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(options, secrets)
  try {
    return await act(session)
  } finally {
    session.close()
  }
}
