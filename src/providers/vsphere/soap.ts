// The SOAP dialect of vSphere: one envelope, one call at a time, a session in a cookie.
import { LifeboatError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { HttpAnswer, HttpConnection } from '../../io/http.ts'
import { at, attributeOf, childOf, escapeXml, readXml, readXmlApart, textAt, type XmlElement } from '../../io/xml.ts'
import { errorOf, faultOf, type Fault } from './faults.ts'
import type { Trust } from '../../io/tls.ts'
import { connectionOf, type Connection } from '../https-api.ts'
import { tagsReader, type ReadTags } from './tags.ts'

/** A managed object, named by its type and its id ("moref"). */
export type Reference = { readonly type: string; readonly id: string }

export type Reply = { readonly fault: Fault } | { readonly fault: null; readonly answer: XmlElement }

export type CallOptions = {
  /** Finishes the sentence "… refuses to": what the call is for. */
  readonly act: string
  readonly signal: AbortSignal
  /** Whether it may be sent again when the connection breaks. */
  readonly repeatable?: boolean
  /** Gets what stands in `returnval` while the answer is read, and answers whether it took it; that is then not in the answer. */
  readonly take?: (part: XmlElement) => boolean
  /** Its answer is read when this is over, not while it goes on. */
  readonly after?: Promise<unknown>
}

/** A log-in to one vCenter or ESXi. It ends with `logout`, or by itself when it was idle for too long. */
export type Session = {
  readonly service: string
  /** As it calls itself: "VMware vCenter Server 8.0.3 build-24022515"; null: it does not. */
  readonly product: string | null
  readonly apiVersion: string
  /** The key of this session, by which rights are looked up (UserSession.key). */
  readonly key: string | null
  readonly authorizationManager: Reference | null
  readonly rootFolder: Reference
  readonly propertyCollector: Reference
  readonly viewManager: Reference
  /** Another manager by its property in ServiceContent; null: this server has none. */
  readonly manager: (property: 'searchIndex' | 'virtualDiskManager') => Reference | null
  /** Calls a method and answers its `…Response` element or the fault. */
  readonly call: (method: string, target: Reference, inside: string, options: CallOptions) => Promise<Reply>
  /** The same, but every fault is thrown. */
  readonly ask: (method: string, target: Reference, inside: string, options: CallOptions) => Promise<XmlElement>
  /** Of machines, which another API tells. */
  readonly tags: ReadTags
  readonly logout: (signal: AbortSignal) => Promise<void>
}

export type Login = { readonly service: string; readonly url: string; readonly user: string; readonly password: Secret }

// Understood by every server since 4.1, while an older one refuses a version that came after it. Afterwards the server's
// own, or newer properties stay hidden.
const firstVersion = '4.1'
const callMs = 120_000

/** A connection that logs in when it is first used. */
export function connect(login: Login, trust: Trust): Connection<Session> {
  return connectionOf(login.service, trust, {
    open: async (http, signal) => await openSession(http, login, signal),
    end: async (session, signal) => await session.logout(signal),
  })
}

/** Logs in. Fails with source-login when user or password is wrong, else like `HttpConnection.send`. */
export async function openSession(http: HttpConnection, login: Login, signal: AbortSignal): Promise<Session> {
  // A log-in that carries an old cookie is refused, so every session starts with an empty one.
  const transport = transportOf(http, login)
  const content = answerOf(
    await transport('RetrieveServiceContent', { type: 'ServiceInstance', id: 'ServiceInstance' }, '', firstVersion, {
      act: 'describe itself',
      signal,
      repeatable: true,
    }),
    login.service,
    'describe itself',
  )
  const root = childOf(content, 'returnval')
  const apiVersion = textAt(root, 'about', 'apiVersion') ?? ''
  if (!/^\d+(\.\d+)*$/.test(apiVersion)) throw notVsphere(login.service)
  const sessionManager = referenceAt(root, 'sessionManager', login.service)
  const call: Session['call'] = (method, target, inside, options) => transport(method, target, inside, apiVersion, options)
  const ask: Session['ask'] = async (method, target, inside, options) => answerOf(await call(method, target, inside, options), login.service, options.act)

  const { user, password } = login
  const credentials = `<userName>${escapeXml(user)}</userName><password>${escapeXml(password.reveal())}</password>`
  const granted = await ask('Login', sessionManager, credentials, { act: 'log in', signal, repeatable: true })
  return {
    service: login.service,
    product: textAt(root, 'about', 'fullName'),
    apiVersion,
    key: textAt(granted, 'returnval', 'key'),
    authorizationManager: referenceOf(childOf(root, 'authorizationManager')),
    rootFolder: referenceAt(root, 'rootFolder', login.service),
    propertyCollector: referenceAt(root, 'propertyCollector', login.service),
    viewManager: referenceAt(root, 'viewManager', login.service),
    manager: (property) => referenceOf(childOf(root, property)),
    call,
    ask,
    tags: tagsReader(http, login, childOf(root, 'about')),
    logout: async (end) => {
      await ask('Logout', sessionManager, '', { act: 'log out', signal: end })
    },
  }
}

/** The element that names a managed object. */
export function referenceXml(name: string, { type, id }: Reference): string {
  return `<${name} type="${escapeXml(type)}">${escapeXml(id)}</${name}>`
}

/** The managed object that an element names. */
export function referenceOf(element: XmlElement | null): Reference | null {
  if (element === null) return null
  const type = attributeOf(element, 'type')
  return type === null || element.text === '' ? null : { type, id: element.text }
}

function referenceAt(root: XmlElement | null, name: string, service: string): Reference {
  const reference = referenceOf(childOf(root, name))
  if (reference === null) throw notVsphere(service)
  return reference
}

/** The answer of a call; a fault is thrown as what it means to the user. */
export function answerOf(reply: Reply, service: string, act: string): XmlElement {
  if (reply.fault !== null) throw errorOf(reply.fault, service, act)
  return reply.answer
}

type Transport = (method: string, target: Reference, inside: string, version: string, options: CallOptions) => Promise<Reply>

function transportOf(http: HttpConnection, login: Login): Transport {
  let cookie: string | null = null
  return async (method, target, inside, version, options) => {
    const answer = await http.send({
      url: login.url,
      method: 'POST',
      headers: {
        'content-type': 'text/xml; charset="utf-8"',
        soapaction: `"urn:vim25/${version}"`,
        ...(cookie === null ? {} : { cookie }),
      },
      body: envelope(`<${method} xmlns="urn:vim25">${referenceXml('_this', target)}${inside}</${method}>`),
      deadlineMs: callMs,
      repeatable: options.repeatable ?? false,
      signal: options.signal,
    })
    cookie = cookieOf(answer) ?? cookie
    await options.after
    return await replyOf(answer, method, login, options.take)
  }
}

function envelope(body: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" ' +
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
    `<soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`
  )
}

function cookieOf(answer: HttpAnswer): string | null {
  const given = answer.cookies.find((each) => each.startsWith('vmware_soap_session='))
  return given?.split(';', 1)[0] ?? null
}

async function replyOf(answer: HttpAnswer, method: string, { service, password }: Login, take: CallOptions['take']): Promise<Reply> {
  // Faults come with 500; other statuses come from something else, a proxy or a web server.
  if (answer.status === 502 || answer.status === 504) {
    throw new LifeboatError('source-unreachable', `${service} cannot be reached: a proxy before it answers ${answer.status}.`)
  }
  if (answer.status !== 200 && answer.status !== 500) {
    throw new LifeboatError('answer-malformed', `${service} answers ${answer.status} at this address: it is no vSphere service, or a proxy stands before it.`)
  }
  const inside = ['Envelope', 'Body', `${method}Response`, 'returnval']
  const document = take === undefined ? readXml(answer.text, service) : await readXmlApart(answer.pieces, service, { inside, take })
  const fault = faultOf(document)
  if (fault !== null) return { fault: { ...fault, message: withoutSecret(fault.message, password) } }
  const found = at(document, 'Body', `${method}Response`)
  if (found === null) throw notVsphere(service)
  return { fault: null, answer: found }
}

/** A server may repeat what it was sent. */
function withoutSecret(message: string, secret: Secret): string {
  const value = secret.reveal()
  return value === '' ? message : message.replaceAll(value, '[secret]')
}

function notVsphere(service: string): LifeboatError {
  return new LifeboatError('answer-malformed', `${service} answers XML, but not that of a vSphere service.`)
}
