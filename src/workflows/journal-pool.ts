// The connections to the database that keeps the moves. What nobody here can mend (its disk is full, it ends, it is gone)
// is told as one failure of its own: no step has failed then, it only could not be recorded.
import { retriablePostgresException } from '@dbos-inc/dbos-sdk/internal/system_database'
import { Pool } from 'pg'
import { LifeboatError, messageOf, type ErrorCode } from '../core/errors.ts'

/** `label`: how people call it. */
export type Kept = { readonly url: string; readonly label: string; readonly isShared: boolean }

const codes: ReadonlySet<ErrorCode> = new Set(['state-disk-full', 'database-unavailable', 'database-unreachable'])

/** Opens at most so many connections. Where the database itself is in trouble, queries fail with state-disk-full, database-unavailable or database-unreachable. */
export function openJournalPool(kept: Kept, max: number): Pool {
  const pool = new Pool({ connectionString: kept.url, max })
  pool.on('connect', (client) => tellTrouble(client, kept))
  tellTrouble(pool, kept)
  return pool
}

type Asks = { query: (...asked: never[]) => unknown }

function tellTrouble(asks: Asks, kept: Kept): void {
  const ask = asks.query.bind(asks)
  asks.query = (...asked) => {
    const answer = ask(...asked)
    if (!(answer instanceof Promise)) return answer
    return answer.catch((error: unknown) => {
      throw isTrouble(error) ? troubleOf(kept, error) : error
    })
  }
}

/** Whether what was thrown says that the journal cannot be written now: then nothing may be recorded as having failed. */
export function isJournalTrouble(error: unknown): error is LifeboatError {
  return error instanceof LifeboatError && codes.has(error.code)
}

/** What the durable engine waits out by itself, a disk that fails, a socket that is gone, a certificate that is not believed any more. */
function isTrouble(error: unknown): boolean {
  return retriablePostgresException(error) || ['58030', 'ENOENT'].includes(codeIn(error)) || distrustOf(error) !== null
}

/** What is wrong with the certificate of a server, in words that follow it; null: it is something else. */
export function distrustOf(error: unknown): string | null {
  const code = codeIn(error)
  if (code === 'CERT_HAS_EXPIRED') return 'has expired'
  if (code === 'CERT_NOT_YET_VALID') return 'is not valid yet'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const { host, cert } = error as { readonly host?: string; readonly cert?: { readonly subjectaltname?: string } }
    return `is not for ${host ?? 'this host'}, but for ${cert?.subjectaltname ?? 'none'}`
  }
  return /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+)$/.test(code) ? 'is signed by no authority that is named here' : null
}

function troubleOf({ label, isShared }: Kept, cause: unknown): LifeboatError {
  const isFull = codeIn(cause) === '53100'
  if (isShared)
    return new LifeboatError('database-unreachable', `The database ${label} cannot be used: ${isFull ? 'its disk is full' : messageOf(cause)}.`, { cause })
  if (isFull) return new LifeboatError('state-disk-full', 'The disk of the state folder is full: what is done cannot be recorded.', { cause })
  return new LifeboatError('database-unavailable', `The embedded database failed: ${messageOf(cause)}.`, { cause })
}

function codeIn(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
