// Where moves are kept: in the embedded PostgreSQL of a state folder, or in the one that `database:` names.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { LifeboatError, messageOf } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { waitUntil } from '../io/wait.ts'
import { distrustOf } from '../workflows/journal-pool.ts'
import { embeddedLabel, labelOf } from '../core/database-url.ts'
import type { Places } from './places.ts'
import { startPostgres, type Database as Server } from './postgres.ts'

export type Database = Server & {
  /** Where it is, for people. */
  readonly label: string
  /** Other processes, on other machines, may run the same moves. */
  readonly isShared: boolean
}

/** Of an embedded database: its server is still starting, has no socket yet or does not listen. */
const startsUp = ['ENOENT', 'ECONNREFUSED', '57P03']
const answerWithinMs = 15_000

/** Opens the shared database at `url`, or starts the embedded one (null). Fails with database-unavailable, or not-now when the moves of this folder are in the other one. */
export async function openDatabase(places: Places, url: Secret | null, signal: AbortSignal): Promise<Database> {
  const movedTo = existsSync(places.moved) ? (await readFile(places.moved, 'utf8')).trim() : null
  if (url === null) {
    if (movedTo !== null)
      throw new LifeboatError('not-now', `The moves of ${places.state} were carried to ${movedTo}; \`database:\` in lifeboat.yaml must name it.`)
    return { ...(await startPostgres(places, signal)), label: embeddedLabel, isShared: false }
  }
  const label = labelOf(url)
  if (movedTo === null && existsSync(join(places.database, 'PG_VERSION')))
    throw new LifeboatError(
      'not-now',
      `${places.state} has an embedded database; \`lifeboat database move\` carries its moves to ${label}, or --state names another folder.`,
    )
  return { url: url.reveal(), label, isShared: true, stop: async () => undefined }
}

/** A connection of its own. Fails with database-unreachable in a sentence that tells why; a server that starts is waited for. */
export async function connect(database: Pick<Database, 'url' | 'label' | 'isShared'>): Promise<Client> {
  const patience = database.isShared ? ['57P03'] : startsUp
  const attempt = async (): Promise<Client | null> => {
    try {
      const client = new Client({ connectionString: database.url, keepAlive: true, connectionTimeoutMillis: 10_000 })
      await client.connect()
      return client
    } catch (error) {
      if (patience.includes(codeIn(error))) return null
      throw unreachable(database, error)
    }
  }
  return await waitUntil(attempt, { what: `An answer of ${database.label}`, deadlineMs: answerWithinMs, everyMs: 200, signal: AbortSignal.timeout(20_000) })
}

/** What a database said when it could not be used, as one sentence. */
export function unreachable({ label }: Pick<Database, 'label'>, error: unknown): LifeboatError {
  if (error instanceof LifeboatError) return error
  const inner = innerOf(error)
  const code = codeIn(error)
  const details = { database: label, reason: code }
  if (isOfFile(inner)) return new LifeboatError('config-invalid', `database: ${inner.path} cannot be read (${code}).`, { details })
  const distrust = distrustOf(inner)
  if (distrust !== null) return new LifeboatError('database-certificate', `The database ${label} is not trusted: its certificate ${distrust}.`, { details })
  const why =
    {
      ECONNREFUSED: 'nobody listens there',
      ENOENT: 'there is no such socket',
      ENOTFOUND: 'its host name is not known',
      EAI_AGAIN: 'its host name cannot be looked up',
      '28P01': 'it refuses this user or password',
      '3D000': 'that server has no database of this name',
    }[code] ?? messageOf(inner)
  return new LifeboatError('database-unreachable', `The database ${label} cannot be used: ${why}.`, { details })
}

/** Of a file that the URL names; a socket that is not there has a path in its URL, too. */
function isOfFile(error: unknown): error is Error & { readonly path: string } {
  return error instanceof Error && 'path' in error && 'syscall' in error && (error.syscall === 'open' || error.syscall === 'read')
}

/** Without the connection that holds its lock a process does not know whether it is alone. */
export function lostConnection({ label, isShared }: Pick<Database, 'label' | 'isShared'>): LifeboatError {
  return new LifeboatError(isShared ? 'database-unreachable' : 'database-unavailable', `The connection to ${label} was lost.`)
}

/** Where a name has several addresses the reasons stand inside. */
function innerOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors[0] : error
}

function codeIn(error: unknown): string {
  const inner = innerOf(error)
  return inner instanceof Error && 'code' in inner ? String(inner.code) : ''
}
