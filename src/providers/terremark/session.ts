// The HTTP dialect of vCloud Express 0.8: a log-in that answers the organisations, and a token that dies after ten idle
// minutes. Protocol facts are from the recorded answers and the clients of its time (jclouds, libcloud, fog).
import { LifeboatError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { HttpAnswer, HttpConnection } from '../../io/http.ts'
import { childrenOf, readXml, type XmlElement } from '../../io/xml.ts'
import { attribute, given, hrefOf, linksOf, pathIn } from './elements.ts'
import type { Trust } from '../../io/tls.ts'
import { isOfOne, quoted } from '../said.ts'
import { connectionOf, type Connection } from '../https-api.ts'

/** `act` finishes the sentence "… refuses to": what the call is for. */
export type Call = { readonly act: string; readonly signal: AbortSignal }
export type Org = { readonly path: string; readonly name: string }
export type Login = { readonly service: string; readonly url: string; readonly user: string; readonly password: Secret }

/** A log-in. There is nothing to end: no client of the service knew a log-out, the token dies by itself. */
export type Session = {
  readonly service: string
  /** Of the API, as it stands in the address of the log-in: "0.8a-ext1.6"; null: none does. */
  readonly version: string | null
  readonly orgs: readonly Org[]
  /** The root of what stands at a path. Fails with source-session-lost when the token is not taken any more. */
  readonly read: (path: string, call: Call) => Promise<XmlElement>
  /** The same, with all pages after it that the answers link to. A later page that is refused or unreadable ends the list, and is handed to `cut`. */
  readonly pages: (path: string, call: Call, cut: (error: unknown) => void) => Promise<readonly XmlElement[]>
  /** Posts to an action; its answer, or null when that is empty. */
  readonly order: (path: string, call: Call) => Promise<XmlElement | null>
  /** Words of the service, fit to be shown. */
  readonly quoted: (message: string | null) => string | null
}

const orgListType = 'application/vnd.vmware.vcloud.orgList+xml'

/** A connection that logs in when it is first used. */
export function connect(login: Login, trust: Trust): Connection<Session> {
  return connectionOf(login.service, trust, {
    open: async (http, signal) => await openSession(http, login, signal),
  })
}

/** Logs in. Fails with source-login when user or password is wrong, else like `HttpConnection.send`. */
export async function openSession(http: HttpConnection, login: Login, signal: AbortSignal): Promise<Session> {
  const { origin } = new URL(login.url)
  const path = await loginPath(http, login, signal)
  const answer = await http.send({
    url: `${origin}${path}`,
    method: 'POST',
    headers: { authorization: `Basic ${credentialsOf(login)}`, 'content-type': orgListType },
    repeatable: true,
    signal,
  })
  if (answer.status === 401 || answer.status === 403) {
    throw new LifeboatError('source-login', `${login.service} refuses the log-in: user or password is wrong.`)
  }
  if (answer.status === 404) throw new LifeboatError('answer-malformed', `${login.service} has no log-in at ${path}: it is no vCloud Express service.`)
  const root = rootOf(answer, login, 'log in')
  if (root?.name !== 'OrgList') throw notOurs(login.service)
  return { ...sessionOf(http, login, root, tokenOf(answer)), version: /\/v([^/]+)\/login$/.exec(path)?.[1] ?? null }
}

function sessionOf(http: HttpConnection, login: Login, orgList: XmlElement, token: Readonly<Record<string, string>>): Omit<Session, 'version'> {
  const { origin } = new URL(login.url)
  const send = async (method: 'GET' | 'POST', path: string, { act, signal }: Call): Promise<XmlElement | null> => {
    const answer = await http.send({ url: `${origin}${path}`, method, headers: token, signal })
    if (answer.status === 401) throw new LifeboatError('source-session-lost', `${login.service} ended the session while it was to ${act}.`)
    return rootOf(answer, login, act)
  }
  const read: Session['read'] = async (path, call) => {
    const root = await send('GET', path, call)
    if (root === null) throw new LifeboatError('answer-malformed', `${login.service} answered with nothing when it was to ${call.act}.`)
    return root
  }
  return {
    service: login.service,
    orgs: childrenOf(orgList, 'Org').flatMap((org) => {
      const path = hrefOf(org)
      return path === null ? [] : [{ path, name: attribute(org, 'name') ?? path }]
    }),
    read,
    pages: async (first, call, cut) => {
      const roots = new Map<string, XmlElement>()
      // A page that was read already ends the list: such a link would lead round for ever.
      for (let path: string | null = first; path !== null && !roots.has(path);) {
        const root: XmlElement | null = await read(path, call).catch((error: unknown) => {
          if (roots.size === 0 || !isOfOne(error)) throw error
          cut(error)
          return null
        })
        if (root === null) break
        roots.set(path, root)
        path = linksOf(root).find(({ rel }) => /^next(?:page)?$/i.test(rel))?.path ?? null
      }
      return [...roots.values()]
    },
    order: (path, call) => send('POST', path, call),
    quoted: (message) => saidIn(message, login),
  }
}

function credentialsOf({ user, password }: Login): string {
  return Buffer.from(`${user}:${password.reveal()}`).toString('base64')
}

/** Where to log in: the configured address itself when it names a version, else what the service says. */
async function loginPath(http: HttpConnection, { url, service }: Login, signal: AbortSignal): Promise<string> {
  const { origin, pathname } = new URL(url)
  const base = pathname.replace(/\/+$/, '') || '/api'
  if (base.endsWith('/login')) return base
  if (/\/v\d[^/]*$/.test(base)) return `${base}/login`
  const answer = await http.send({ url: `${origin}${base}/versions`, signal })
  if (answer.status !== 200) return `${base}/v0.8/login`
  const root = readXml(answer.text, service)
  const versions = childrenOf(root, 'VersionInfo').map((version) => ({ version: given(version, 'Version') ?? '', path: pathIn(given(version, 'LoginUrl')) }))
  if (root.name !== 'SupportedVersions' || versions.length === 0) throw notOurs(service)
  const best = versions
    .filter(({ version }) => version.startsWith('0.8'))
    .toSorted((one, other) => one.version.localeCompare(other.version, 'en', { numeric: true }))
  const last = best.at(-1)
  if (last !== undefined) return last.path ?? `${base}/v${last.version}/login`
  throw new LifeboatError('answer-malformed', `${service} speaks no version 0.8 of the vCloud API, the one of vCloud Express; others are of kind vcloud.`)
}

/** What has to go with every request. Some answers give the token as a header beside the cookie. */
function tokenOf({ cookies, headers }: HttpAnswer): Readonly<Record<string, string>> {
  const cookie = cookies.map((each) => each.split(';', 1)[0] ?? '').join('; ')
  const header = headers.get('x-vcloud-authorization')
  return { ...(cookie === '' ? {} : { cookie }), ...(header === undefined ? {} : { 'x-vcloud-authorization': header }) }
}

function rootOf(answer: HttpAnswer, login: Login, act: string): XmlElement | null {
  const { service } = login
  if (answer.status === 502 || answer.status === 504) {
    throw new LifeboatError('source-unreachable', `${service} cannot be reached: a proxy before it answers ${answer.status}.`)
  }
  if (answer.status >= 200 && answer.status < 300) {
    if (answer.text.trim() === '') return null
    const root = readXml(answer.text, service)
    if (root.name !== 'Error') return root
  }
  throw refusal(answer, login, act)
}

const meanings: Readonly<Record<number, string>> = {
  403: 'this account may not',
  404: 'there is no such thing',
  405: 'it has no such action',
  409: 'something else is under way',
  501: 'it has no such action',
}

function refusal({ status, text }: HttpAnswer, login: Login, act: string): LifeboatError {
  const said = [meanings[status] ?? null, messageIn(text, login)].filter((part) => part !== null).join('; ')
  return new LifeboatError('source-refused', `${login.service} refuses to ${act} (${status}${said === '' ? '' : `: ${said}`}).`, { details: { status } })
}

/** The message of an `Error` document, or null; other bodies are never quoted. */
function messageIn(text: string, login: Login): string | null {
  try {
    const root = readXml(text, '')
    return root.name === 'Error' ? saidIn(attribute(root, 'message'), login) : null
  } catch {
    return null
  }
}

/** Words of the service, fit to be shown. */
function saidIn(message: string | null, login: Login): string | null {
  return quoted(message, [login.password.reveal(), credentialsOf(login)])
}

function notOurs(service: string): LifeboatError {
  return new LifeboatError('answer-malformed', `${service} answers XML, but not that of a vCloud Express service.`)
}
