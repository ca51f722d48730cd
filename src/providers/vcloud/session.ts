// One log-in to vCloud Director: the version that both sides speak, then a token in the header of every call.
import { LifeboatError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { HttpAnswer, HttpConnection, HttpRequest } from '../../io/http.ts'
import type { XmlElement } from '../../io/xml.ts'
import { readAnswer } from './answer.ts'
import { failureOf } from './failures.ts'
import { chosenVersion, compare } from './versions.ts'
import type { Trust } from '../../io/tls.ts'
import { connectionOf, type Connection } from '../https-api.ts'

export type Login = {
  /** Begins the sentence of a failure: "The vCloud Director vcloud.example (old)". */
  readonly service: string
  /** `https://vcloud.example`, without a path. */
  readonly origin: string
  readonly org: string
  readonly credentials: { readonly user: string; readonly password: Secret } | { readonly token: Secret }
}

export type Asking = {
  /** Finishes the sentence "… refuses to": what the call is for. */
  readonly act: string
  readonly signal: AbortSignal
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly body?: { readonly type: string; readonly xml: string }
}

export type Answer = { readonly root: XmlElement; readonly text: string }

/** It ends with `logout`, or by itself when it was idle for too long. */
export type Session = {
  readonly service: string
  readonly version: string
  /** Asks for a path, or for the path of an `href`: whatever host an answer names, the token goes to the one that was configured. */
  readonly ask: (place: string, asking: Asking) => Promise<Answer>
  readonly logout: (signal: AbortSignal) => Promise<void>
}

const callMs = 120_000
/** From here on by the cloud API, with a bearer; before with /api/sessions and a header of its own. */
const bearerSince = '33'
const tokensSince = '36.1'

/** A connection that logs in when it is first used. */
export function connect(login: Login, trust: Trust): Connection<Session> {
  return connectionOf(login.service, trust, {
    open: async (http, signal) => await openSession(http, login, signal),
    end: async (session, signal) => await session.logout(signal),
  })
}

/** Logs in. Fails with source-login when it is refused, else like `HttpConnection.send`. */
export async function openSession(http: HttpConnection, login: Login, signal: AbortSignal): Promise<Session> {
  const { service, origin } = login
  const send = async (place: string, request: Omit<HttpRequest, 'url'>): Promise<HttpAnswer> => {
    const { pathname, search } = new URL(place, origin)
    return http.send({ deadlineMs: callMs, ...request, url: `${origin}${pathname}${search}` })
  }
  const version = await agreedVersion(send, service, signal)
  const authorised = { accept: `application/*+xml;version=${version}`, ...(await logIn(send, login, version, signal)) }

  return {
    service,
    version,
    ask: async (place, { act, method = 'GET', body, signal: end }) => {
      const headers = body === undefined ? authorised : { ...authorised, 'content-type': body.type }
      const answer = await send(place, { method, headers, signal: end, ...(body === undefined ? {} : { body: body.xml }) })
      if (answer.status >= 300) throw failureOf(answer, service, act, secretsOf(login))
      return { root: readAnswer(answer.text, service), text: answer.text }
    },
    logout: async (end) => {
      await send('/api/session', { method: 'DELETE', headers: authorised, signal: end })
    },
  }
}

/** The versions are told without a log-in, so whatever else comes here is somebody else's answer. */
async function agreedVersion(send: Send, service: string, signal: AbortSignal): Promise<string> {
  const answer = await send('/api/versions', { signal, headers: { accept: '*/*' } })
  if (answer.status === 502 || answer.status === 504) throw failureOf(answer, service, 'name its versions')
  if (answer.status !== 200) {
    throw new LifeboatError('answer-malformed', `${service} answers ${answer.status} at this address: it is no vCloud Director, or a proxy stands before it.`)
  }
  const supported = readAnswer(answer.text, service)
  if (supported.name !== 'SupportedVersions') throw notVcloud(service)
  return chosenVersion(supported, service)
}

type Send = (place: string, request: Omit<HttpRequest, 'url'>) => Promise<HttpAnswer>

/** Logs in and answers the headers that carry the session. */
async function logIn(send: Send, login: Login, version: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const { credentials, org } = login
  if ('token' in credentials) return { authorization: `Bearer ${await exchanged(send, login, credentials.token, version, signal)}` }
  const modern = compare(version, bearerSince) >= 0
  const basic = Buffer.from(`${credentials.user}@${org}:${credentials.password.reveal()}`).toString('base64')
  const accept = `application/*${modern ? '' : '+xml'};version=${version}`
  const place = modern ? '/cloudapi/1.0.0/sessions' : '/api/sessions'
  const answer = await send(place, { method: 'POST', headers: { accept, authorization: `Basic ${basic}` }, signal, repeatable: true })
  if (answer.status === 401 || answer.status === 403) {
    throw new LifeboatError('source-login', `${login.service} refuses the log-in of ${credentials.user}@${org}: organisation, user or password is wrong.`)
  }
  if (answer.status >= 300) throw failureOf(answer, login.service, 'log in', secretsOf(login))
  const bearer = answer.headers.get('x-vmware-vcloud-access-token')
  if (bearer !== undefined) return { authorization: `Bearer ${bearer}` }
  const session = answer.headers.get('x-vcloud-authorization')
  if (session !== undefined) return { 'x-vcloud-authorization': session }
  throw notVcloud(login.service)
}

/** An API token is exchanged for an access token: POST /oauth/tenant/ORG/token (10.3.1 and later; not proven against a live one). */
async function exchanged(send: Send, login: Login, token: Secret, version: string, signal: AbortSignal): Promise<string> {
  if (compare(version, tokensSince) < 0) {
    throw new LifeboatError('source-login', `${login.service} speaks version ${version}, which knows no API tokens; give user and password.`)
  }
  const answer = await send(`/oauth/tenant/${encodeURIComponent(login.org)}/token`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token.reveal() }).toString(),
    repeatable: true,
    signal,
  })
  if (answer.status === 400 || answer.status === 401 || answer.status === 403) {
    throw new LifeboatError('source-login', `${login.service} refuses the API token for the organisation ${login.org}.`)
  }
  if (answer.status >= 300) throw failureOf(answer, login.service, 'log in', secretsOf(login))
  const access = accessToken(answer.text)
  if (access === null) throw notVcloud(login.service)
  return access
}

function accessToken(text: string): string | null {
  try {
    const answer: unknown = JSON.parse(text)
    const token = typeof answer === 'object' && answer !== null && 'access_token' in answer ? answer.access_token : null
    return typeof token === 'string' && /^[\w.~+/=-]+$/.test(token) ? token : null
  } catch {
    return null
  }
}

/** A server may repeat what it was sent. */
function secretsOf({ credentials }: Login): readonly string[] {
  return [('token' in credentials ? credentials.token : credentials.password).reveal()]
}

function notVcloud(service: string): LifeboatError {
  return new LifeboatError('answer-malformed', `${service} answers, but not as vCloud Director does.`)
}
