// The REST API of vCenter, which has a log-in of its own: since 7.0 below /api, before and for some time after below /rest.
// Facts: developer.broadcom.com, vSphere Automation API.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { HttpAnswer, HttpConnection, HttpRequest } from '../../io/http.ts'
import type { Login } from './soap.ts'

export type Dialect = 'api' | 'rest'
export type Rest = {
  readonly dialect: Dialect
  /** Reads JSON of this shape, after sending some if there is a body. Null when it is not there, or not for this account. */
  readonly ask: <T>(place: string, shape: z.ZodType<T>, body?: object) => Promise<T | null>
  readonly close: () => Promise<void>
}

const sessions: Readonly<Record<Dialect, string>> = { api: '/api/session', rest: '/rest/com/vmware/cis/session' }
/** Nobody waits longer for what an inventory can do without. */
const callMs = 20_000

/** Logs in, in the first of these dialects that is there. Fails with source-login, source-refused, answer-malformed, or like `HttpConnection.send`. */
export async function openRest(http: HttpConnection, login: Login, dialects: readonly Dialect[], signal: AbortSignal): Promise<Rest> {
  const { service, user, password, url } = login
  const { origin } = new URL(url)
  const send = async (place: string, request: Omit<HttpRequest, 'url' | 'signal'>): Promise<HttpAnswer> =>
    await http.send({ url: `${origin}${place}`, deadlineMs: callMs, repeatable: true, signal, ...request })
  const basic = Buffer.from(`${user}:${password.reveal()}`).toString('base64')
  for (const dialect of dialects) {
    const answer = await send(sessions[dialect], { method: 'POST', headers: { authorization: `Basic ${basic}` } })
    if (answer.status === 404) continue
    if (answer.status === 401 || answer.status === 403) throw new LifeboatError('source-login', `${service} refuses the log-in to its REST API.`)
    const headers = { 'vmware-api-session-id': read(answer, z.string().regex(/^[\w-]+$/), service) }
    return {
      dialect,
      ask: async (place, shape, body) => {
        const given = body === undefined ? {} : { method: 'POST' as const, body: JSON.stringify(body) }
        const reply = await send(place, { ...given, headers: { ...headers, accept: 'application/json', 'content-type': 'application/json' } })
        return reply.status === 403 || reply.status === 404 ? null : read(reply, shape, service)
      },
      close: async () => void (await send(sessions[dialect], { method: 'DELETE', headers })),
    }
  }
  throw new LifeboatError('source-refused', `${service} has no REST API at ${origin}.`)
}

/** What was sent may hold anything, so nothing of it is quoted. */
function read<T>({ status, text }: HttpAnswer, shape: z.ZodType<T>, service: string): T {
  if (status < 200 || status > 299) throw new LifeboatError('source-refused', `${service} answers ${status} over REST.`)
  const found = shape.safeParse(valueIn(text))
  if (!found.success) throw new LifeboatError('answer-malformed', `${service} answers over REST in a way that Lifeboat does not know.`)
  return found.data
}

/** Below /rest an answer is wrapped in `value`. */
export function valueIn(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && 'value' in json ? json.value : json
  } catch {
    return undefined
  }
}
