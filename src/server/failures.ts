// A failure as HTTP tells it.
import { z } from 'zod'
import { LifeboatError, codeOf, exitStatusOf, hintOf, messageOf, type ErrorCode } from '../core/errors.ts'

const statuses: Partial<Record<ErrorCode, number>> = {
  'caller-unknown': 401,
  'caller-may-not': 403,
  'too-often': 429,
  'hook-unknown': 404,
  'delivery-refused': 401,
  'delivery-unreadable': 422,
  'server-busy': 503,
}

/** `lifeboat.error/1`, as it also stands on stdout of a command with --json. */
export function failureOf(error: unknown) {
  const usage = malformed(error)
  if (usage !== null) return { schema: 'lifeboat.error/1', code: 'usage', message: usage, hint: hintOf('usage'), details: {} }
  const code = codeOf(error)
  const message = error instanceof LifeboatError ? error.message : `Unexpected: ${messageOf(error)}`
  return { schema: 'lifeboat.error/1', code, message, hint: hintOf(code), details: error instanceof LifeboatError ? error.details : {} }
}

export function httpStatusOf(error: unknown): number {
  if (error instanceof z.ZodError) return 400
  const ofServer = refusedByServer(error)
  if (ofServer !== null) return ofServer.status
  const code = codeOf(error)
  return statuses[code] ?? { 1: 500, 2: 400, 3: 502, 4: 409, 5: 409 }[exitStatusOf(code)] ?? 500
}

function malformed(error: unknown): string | null {
  if (error instanceof z.ZodError) return `The request is malformed: ${z.prettifyError(error)}.`
  const ofServer = refusedByServer(error)
  return ofServer === null ? null : `The request was refused: ${ofServer.message.replace(/\.$/, '')}.`
}

/** What the HTTP server itself refuses: too large a body, one that is no JSON. */
function refusedByServer(error: unknown): { readonly status: number; readonly message: string } | null {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return null
  return error.statusCode >= 400 && error.statusCode < 500 ? { status: error.statusCode, message: error.message } : null
}
