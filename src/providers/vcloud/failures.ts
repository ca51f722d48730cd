// What vCloud Director says when it refuses: an HTTP status, and an `Error` element in the answer or in a task.
import { LifeboatError } from '../../core/errors.ts'
import type { HttpAnswer } from '../../io/http.ts'
import type { XmlElement } from '../../io/xml.ts'
import { quoted } from '../said.ts'
import { attribute, readAnswer } from './answer.ts'

/** The failure that an answer with an error status means. `service` begins the sentence, `act` says what was asked ("start vm-42"), `secrets` are never repeated. */
export function failureOf(answer: HttpAnswer, service: string, act: string, secrets: readonly string[] = []): LifeboatError {
  const { status } = answer
  if (status === 401) return new LifeboatError('source-session-lost', `${service} ended the session while it was to ${act}.`)
  if (status === 502 || status === 504) return new LifeboatError('source-unreachable', `${service} cannot be reached: a proxy before it answers ${status}.`)
  const error = errorElement(answer, service)
  const details = { status, minorErrorCode: attribute(error, 'minorErrorCode') }
  const said = saidBy(error, secrets) ?? `${status}`
  if (status === 403) {
    return new LifeboatError('source-refused', `${service} does not let this account ${act}, or it is not there any more (${said}).`, { details })
  }
  if (status === 404) return new LifeboatError('source-refused', `${service} cannot ${act}: it is not there any more (${said}).`, { details })
  return new LifeboatError('source-refused', `${service} refuses to ${act} (${said}).`, { details })
}

/** What an `Error` element says, fit to be shown without these secrets; null when it says nothing. */
export function saidBy(error: XmlElement | null, secrets: readonly string[] = []): string | null {
  return quoted(attribute(error, 'message') ?? attribute(error, 'minorErrorCode'), secrets)
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
