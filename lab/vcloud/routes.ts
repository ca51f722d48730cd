// Which answer stands where: without a session, with one, below a machine, below a task.
import type { IncomingMessage } from 'node:http'
import { act } from './actions.ts'
import { errorPage, machinePage, metadataPage, networkPage, queryPage, taskPage, vAppPage, versionsPage, type Version } from './pages.ts'
import type { Sessions } from './sessions.ts'
import { machinesIn, type Machine, type State, type VApp } from './state.ts'

export type Answer = { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
export type Asked = { readonly method: string; readonly url: URL; readonly body: string; readonly request: IncomingMessage }

export type Inside = {
  readonly state: State
  readonly sessions: Sessions
  readonly versions: readonly Version[]
  readonly pageCap: number
  /** Where it is reached, for the addresses in its answers. */
  readonly origin: () => string
}

export function answerTo(inside: Inside, asked: Asked): Answer {
  const { sessions, versions, origin } = inside
  const where = `${asked.method} ${asked.url.pathname}`
  if (where === 'GET /api/versions') return page(versionsPage(versions, origin()))
  const exchange = /^POST \/oauth\/tenant\/([^/]+)\/token$/.exec(where)
  if (exchange) return exchanged(sessions, decodeURIComponent(exchange[1] ?? ''), asked.body)
  const spoken = /version=([\w.-]+)/.exec(asked.request.headers.accept ?? '')?.[1] ?? 'no version'
  if (!versions.some(({ version }) => version === spoken)) return refused(406, 'NOT_ACCEPTABLE', `The request has invalid accept header: ${spoken}`)
  if (where === 'POST /api/sessions' || where === 'POST /cloudapi/1.0.0/sessions') return loggedIn(sessions, asked, Number.parseFloat(spoken))
  if (!sessions.admits(asked.request.headers)) return unauthorised
  if (where !== 'DELETE /api/session') return inSession(inside, asked)
  sessions.end(asked.request.headers)
  return { status: 204, body: '' }
}

const unauthorised: Answer = { status: 401, body: '', headers: { 'www-authenticate': 'BASIC realm="vCloud"' } }

/** Until version 33 with a header of its own, from then on with a bearer; each way is closed to the other. */
function loggedIn(sessions: Sessions, { url, request }: Asked, version: number): Answer {
  const modern = url.pathname.startsWith('/cloudapi')
  if (modern !== version >= 33) return forbidden('session')
  const token = sessions.open(request.headers)
  if (token === null) return unauthorised
  if (!modern) return { status: 200, body: '<Session xmlns="http://www.vmware.com/vcloud/v1.5"/>', headers: { 'x-vcloud-authorization': token } }
  return { status: 200, body: '{}', headers: { 'x-vmware-vcloud-access-token': token, 'x-vmware-vcloud-token-type': 'Bearer' } }
}

function exchanged(sessions: Sessions, org: string, form: string): Answer {
  const token = sessions.exchange(org, form)
  if (token === null) return { status: 400, body: '{"error":"invalid_grant"}' }
  return { status: 200, body: JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 3600 }) }
}

function inSession(inside: Inside, asked: Asked): Answer {
  const { state, pageCap, origin } = inside
  const { method, url } = asked
  if (method === 'GET' && url.pathname === '/api/query') {
    const size = Math.min(Number(url.searchParams.get('pageSize') ?? 25), pageCap)
    return page(queryPage(state, origin(), Number(url.searchParams.get('page') ?? 1), size))
  }
  const [, kind = '', id = '', rest = ''] = /^\/api\/(vApp|task)\/([^/]+)\/?(.*?)\/?$/.exec(url.pathname) ?? []
  if (kind === 'task') return ofTask(inside, id, rest)
  const vApp = state.vApps.find((each) => each.id === id)
  if (vApp !== undefined) return ofVApp(inside, vApp)
  const machine = machinesIn(state).find((each) => each.id === id)
  return machine === undefined ? forbidden(`vm:${id}`) : ofMachine(inside, machine, rest, asked)
}

function ofVApp({ state, origin }: Inside, vApp: VApp): Answer {
  if (state.faults.forbidden.has(vApp.name)) return forbidden(`vapp:${vApp.id}`)
  const text = vAppPage(vApp, origin())
  return page(state.faults.broken.has(vApp.name) ? text.slice(0, text.length / 2) : text)
}

const views: Readonly<Record<string, (machine: Machine, origin: string) => string>> = {
  '': machinePage,
  networkConnectionSection: networkPage,
  metadata: metadataPage,
}

function ofMachine({ state, origin }: Inside, machine: Machine, rest: string, { method, body, request }: Asked): Answer {
  const view = method === 'GET' ? views[rest] : undefined
  if (view !== undefined) return page(view(machine, origin()))
  const begun = act(state, machine, { method, action: rest, type: request.headers['content-type'] ?? '', body })
  return 'minor' in begun ? refused(begun.status, begun.minor, begun.message) : { status: 202, body: taskPage(begun, origin()) }
}

function ofTask({ state, origin }: Inside, id: string, rest: string): Answer {
  const task = state.tasks.get(id)
  if (task === undefined) return forbidden(`task:${id}`)
  if (rest !== 'action/cancel') return page(taskPage(task, origin()))
  task.cancel()
  return { status: 204, body: '' }
}

function page(body: string): Answer {
  return { status: 200, body }
}

/** Also what it says of something that does not exist. */
function forbidden(entity: string): Answer {
  return refused(403, 'ACCESS_TO_RESOURCE_IS_FORBIDDEN', `No access to entity "(com.vmware.vcloud.entity.${entity})".`)
}

function refused(status: number, minor: string, message: string): Answer {
  return { status, body: errorPage(status, minor, message) }
}
