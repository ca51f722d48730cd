// Requests to services, for every adapter: with a deadline, a limit to what an answer may hold, patience with a busy
// service, and no belief in an unknown certificate.
import { createGunzip } from 'node:zlib'
import { Agent, request as send, type Dispatcher } from 'undici'
import { LifeboatError, type ErrorCode } from '../core/errors.ts'
import { openBody, type Body } from './http-body.ts'
import { trustingConnector, type Presented, type Trust } from './tls.ts'
import { sleep } from './wait.ts'

const connectMs = 10_000
const silenceMs = 30_000
const defaultDeadlineMs = 60_000
const defaultMaxBytes = 64 * 1024 * 1024
const firstPauseMs = 500
const longestPauseMs = 10_000
const redirectLimit = 5

export type HttpOptions = {
  /** Begins the sentence of a failure: "The vCenter vc.example". */
  readonly service: string
  /** The code when the service cannot be reached or stays busy. */
  readonly unreachable: ErrorCode
  readonly trust?: Trust | undefined
}

export type HttpRequest = {
  readonly url: string
  readonly signal: AbortSignal
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** For everything: connecting, retries, reading. Default 60 s. */
  readonly deadlineMs?: number
  /** Of the answer, unpacked. Default 64 MiB. */
  readonly maxBytes?: number
  /** Whether the request may be sent again when the connection is lost before the answer ends. Default: GET and HEAD. */
  readonly repeatable?: boolean
  /** Whether a redirect is followed, to the same origin; if not, it is the answer. Default: yes. */
  readonly followsRedirects?: boolean
}

export type HttpAnswer = {
  readonly status: number
  /** By lower-case name; repeated ones joined with a comma. */
  readonly headers: ReadonlyMap<string, string>
  /** Each Set-Cookie header as it came. */
  readonly cookies: readonly string[]
  readonly text: string
  /** The same in pieces, cut between characters, for a large answer: once, and instead of `text`, as its memory is given back on the way. */
  readonly pieces: Iterable<string>
}

export type HttpConnection = {
  /**
   * One request and its answer, whatever its status but 429 and 503: these are repeated, as the service asks, until the
   * deadline. Redirects are followed to the same origin only. Fails with the code for unreachable,
   * `certificate-untrusted` or `answer-malformed`; an abort rethrows the signal's reason.
   */
  readonly send: (request: HttpRequest) => Promise<HttpAnswer>
  /** What the service has shown of itself so far. */
  readonly peer: () => Peer
  readonly close: () => Promise<void>
}

/** `certificate`: null without TLS. `clockAhead`: whole seconds by which this machine's clock is ahead of the Date of its last answer; null: none gave one. */
export type Peer = { readonly certificate: Presented | null; readonly clockAhead: number | null }

/** Connections to one service, kept open between requests. */
export function openHttp(options: HttpOptions): HttpConnection {
  let certificate: Presented | null = null
  let clockAhead: number | null = null
  const connect = trustingConnector(options.service, options.trust ?? {}, connectMs, (presented) => void (certificate = presented))
  const agent = new Agent({ connect, connections: 8, pipelining: 1 })
  return {
    send: async (request) => {
      const answer = await answerOf(agent, options, request)
      clockAhead = secondsAhead(answer.headers.get('date'), Date.now()) ?? clockAhead
      return answer
    },
    peer: () => ({ certificate, clockAhead }),
    close: () => agent.destroy(),
  }
}

/** Milliseconds that a Retry-After header asks for (seconds or a date), or null. `now`: by the clock of who sent it. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number.parseInt(header, 10) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}

/** How far `now` (milliseconds) is ahead of a Date header, in whole seconds; the header knows no fractions. Null: it is none. */
export function secondsAhead(header: string | undefined, now: number): number | null {
  const date = header === undefined ? Number.NaN : Date.parse(header)
  return Number.isNaN(date) ? null : Math.floor(now / 1000) - Math.floor(date / 1000)
}

type NextAttempt = Attempt & { readonly waitMs: number }
type Attempt = { readonly url: URL; readonly redirects: number; readonly lost: number; readonly pauseMs: number }

async function answerOf(agent: Agent, options: HttpOptions, request: HttpRequest): Promise<HttpAnswer> {
  const deadlineMs = request.deadlineMs ?? defaultDeadlineMs
  const end = performance.now() + deadlineMs
  const deadline = AbortSignal.timeout(deadlineMs)
  const signal = AbortSignal.any([request.signal, deadline])
  let attempt: Attempt = { url: new URL(request.url), redirects: 0, lost: 0, pauseMs: firstPauseMs }
  for (;;) {
    request.signal.throwIfAborted()
    try {
      const answer = await once(agent, options, request, attempt.url, signal)
      const next = nextAttempt(answer, attempt, request, options)
      if (next === null) return answer
      if (performance.now() + next.waitMs >= end) throw busy(options, answer.status, deadlineMs)
      if (next.waitMs > 0) await sleep(next.waitMs, signal)
      attempt = next
    } catch (error) {
      request.signal.throwIfAborted()
      if (deadline.aborted) throw silent(options, deadlineMs)
      if (error instanceof LifeboatError) throw error
      // A server may close an idle connection at the moment when a request is sent on it: once more on a new one.
      if (!isLost(error) || !isRepeatable(request) || attempt.lost > 0) throw translated(options, error)
      attempt = { ...attempt, lost: attempt.lost + 1 }
    }
  }
}

function nextAttempt(answer: HttpAnswer, attempt: Attempt, request: HttpRequest, options: HttpOptions): NextAttempt | null {
  if (answer.status === 429 || answer.status === 503) {
    // A date means the clock of the service, which may be hours off.
    const there = Date.parse(answer.headers.get('date') ?? '')
    const asked = retryAfterMs(answer.headers.get('retry-after'), Number.isNaN(there) ? Date.now() : there)
    return { ...attempt, pauseMs: Math.min(attempt.pauseMs * 2, longestPauseMs), waitMs: Math.max(asked ?? 0, attempt.pauseMs) }
  }
  const location = answer.headers.get('location')
  const isRedirect = request.followsRedirects !== false && answer.status >= 300 && answer.status < 400 && location !== undefined
  return isRedirect ? redirected(answer.status, location, attempt, request, options) : null
}

function redirected(status: number, location: string, attempt: Attempt, request: HttpRequest, options: HttpOptions): NextAttempt {
  const url = URL.parse(location, attempt.url.href)
  // 307 and 308 keep the method; the others turn it into GET, which no caller means.
  const keepsMethod = isReading(request) || status >= 307
  if (url?.origin === attempt.url.origin && keepsMethod && attempt.redirects < redirectLimit) {
    return { ...attempt, url, redirects: attempt.redirects + 1, waitMs: 0 }
  }
  throw new LifeboatError('answer-malformed', `${options.service} redirects (${status}) to ${url?.origin ?? 'nowhere'}, which is not followed.`)
}

async function once(agent: Agent, options: HttpOptions, request: HttpRequest, url: URL, signal: AbortSignal): Promise<HttpAnswer> {
  const response = await send(url, {
    dispatcher: agent,
    method: request.method ?? 'GET',
    headers: { 'user-agent': 'lifeboat', 'accept-encoding': 'gzip', ...request.headers },
    body: request.body ?? null,
    // The signal has the deadline. A slow answer that still comes is not ended before it; one that stopped coming is.
    headersTimeout: 0,
    bodyTimeout: silenceMs,
    signal,
  })
  const body = await bodyOf(response, request.maxBytes ?? defaultMaxBytes, options)
  const headers = new Map(Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), [value ?? ''].flat().join(', ')]))
  const cookies = [response.headers['set-cookie'] ?? []].flat()
  return {
    status: response.statusCode,
    headers,
    cookies,
    pieces: { [Symbol.iterator]: body.pieces },
    get text() {
      return body.text()
    },
  }
}

/** Reads the body to its end, or until more came than the limit, packed or unpacked. */
async function bodyOf(response: Dispatcher.ResponseData, maxBytes: number, options: HttpOptions): Promise<Body> {
  const packed = response.headers['content-encoding'] === 'gzip'
  const unpacking = packed ? createGunzip() : null
  const chunks = unpacking === null ? response.body : response.body.on('error', (error) => unpacking.destroy(error)).pipe(unpacking)
  const body = openBody(maxBytes)
  try {
    for await (const chunk of chunks) if (chunk instanceof Uint8Array && !body.add(chunk)) throw tooLarge(options, maxBytes)
  } finally {
    unpacking?.destroy()
    response.body.destroy()
  }
  return body
}

function isRepeatable(request: HttpRequest): boolean {
  return request.repeatable ?? isReading(request)
}

function isReading(request: HttpRequest): boolean {
  return request.method === undefined || request.method === 'GET' || request.method === 'HEAD'
}

function isLost(error: unknown): boolean {
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(systemCode(error))
}

function systemCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: `it took no connection within ${connectMs / 1000} s`,
  UND_ERR_SOCKET: 'it closed the connection before its answer ended',
  UND_ERR_BODY_TIMEOUT: `no byte of its answer came for ${silenceMs / 1000} s`,
  ECONNRESET: 'it closed the connection before its answer ended',
  EPIPE: 'it closed the connection',
}

function translated(options: HttpOptions, error: unknown): LifeboatError {
  const code = systemCode(error)
  const isParser = error instanceof Error && error.name === 'HTTPParserError'
  if (isParser || /^(?:HPE_|Z_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_)/.test(code)) {
    return new LifeboatError('answer-malformed', `${options.service} sent an answer that is not proper HTTP${code === '' ? '' : ` (${code})`}.`, {
      cause: error,
    })
  }
  const tls = /^(?:ERR_SSL|EPROTO)/.test(code) ? 'it does not speak TLS as expected' : undefined
  const reason = reasons[code] ?? tls ?? 'the connection failed'
  return new LifeboatError(options.unreachable, `${options.service} cannot be reached: ${reason}${code === '' ? '' : ` (${code})`}.`, { cause: error })
}

function busy(options: HttpOptions, status: number, deadlineMs: number): LifeboatError {
  return new LifeboatError(options.unreachable, `${options.service} is too busy: it answered ${status} and did not recover within ${deadlineMs / 1000} s.`)
}

function silent(options: HttpOptions, deadlineMs: number): LifeboatError {
  return new LifeboatError(options.unreachable, `${options.service} did not answer within ${deadlineMs / 1000} s.`)
}

function tooLarge(options: HttpOptions, maxBytes: number): LifeboatError {
  return new LifeboatError('answer-malformed', `${options.service} sent more than ${maxBytes} bytes in one answer, which is the limit.`)
}
