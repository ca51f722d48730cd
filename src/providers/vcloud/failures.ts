// What vCloud Director says when it refuses: an HTTP status, and an `Error` element in the answer or in a task.
import { LifeboatError } from '../../core/errors.ts'
import type { HttpAnswer } from '../../io/http.ts'
import type { XmlElement } from '../../io/xml.ts'
import { attribute, readAnswer } from './answer.ts'

const longestMessage = 500

/** The failure that an answer with an error status means. `service` begins the sentence, `act` says what was asked ("start vm-42"). */
export function failureOf(answer: HttpAnswer, service: string, act: string): LifeboatError {
  const { status } = answer
  if (status === 401) return new LifeboatError('source-session-lost', `${service} ended the session while it was to ${act}.`)
  if (status === 502 || status === 504) return new LifeboatError('source-unreachable', `${service} cannot be reached: a proxy before it answers ${status}.`)
  const error = errorElement(answer, service)
  const details = { status, minorErrorCode: attribute(error, 'minorErrorCode') }
  const said = saidBy(error) ?? `${status}`
  if (status === 403) {
    return new LifeboatError('source-refused', `${service} does not let this account ${act}, or it is not there any more (${said}).`, { details })
  }
  if (status === 404) return new LifeboatError('source-refused', `${service} cannot ${act}: it is not there any more (${said}).`, { details })
  return new LifeboatError('source-refused', `${service} refuses to ${act} (${said}).`, { details })
}

/** What an `Error` element says, on one line and not longer than people read; null when it says nothing. */
export function saidBy(error: XmlElement | null): string | null {
  const message = attribute(error, 'message') ?? attribute(error, 'minorErrorCode')
  const line = message?.replaceAll(/\s+/g, ' ').replace(/[.\s]+$/, '')
  if (line === undefined || line === '') return null
  return line.length > longestMessage ? `${line.slice(0, longestMessage)}…` : line
}

/** Another task holds the entity; it is free again when that one ends. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof LifeboatError) || error.code !== 'source-refused') return false
  return error.details['status'] === 409 || error.details['minorErrorCode'] === 'BUSY_ENTITY'
}

/** Error pages of proxies are no `Error` elements; their status says enough. */
function errorElement(answer: HttpAnswer, service: string): XmlElement | null {
  try {
    const root = readAnswer(answer.text, service)
    return root.name === 'Error' ? root : null
  } catch {
    return null
  }
}
