// A vCloud Director, simulated by us: no code of VMware's stands behind it. It answers what the adapter asks for, in the
// shapes of recorded answers of vCloud Director 1.5 to 10, and keeps the rules that matter to a tenant: sessions, paging,
// tasks that take time and hold their machine, undeploy, one snapshot, sections that are sent back whole. What it cannot
// prove stands in docs/providers/vcloud.md.
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { MachineEvent } from '../host.ts'
import { controlOf, type Control, type StatusFault } from './control.ts'
import type { Version } from './pages.ts'
import { answerTo, type Answer, type Asked, type Inside } from './routes.ts'
import { sessionsOf, type Account } from './sessions.ts'
import { stateOf, type MachineSpec } from './state.ts'

export type SimulatorOptions = {
  readonly host: string
  /** 0: any. */
  readonly port: number
  readonly key: string | Buffer
  readonly cert: string | Buffer
  readonly account: Account
  readonly machines: readonly MachineSpec[]
  readonly versions?: readonly Version[]
  /** Records that a page of a query holds at most; 128 as in a real one. */
  readonly pageCap?: number
  readonly onEvent?: (event: MachineEvent) => void
}

export type Simulator = {
  readonly url: string
  readonly control: Control
  /** What it was asked, in order: `POST /api/vApp/vm-1/action/undeploy`, with its body. */
  readonly requests: readonly { readonly where: string; readonly accept: string; readonly body: string }[]
  /** How many sessions were opened. */
  readonly logins: () => number
  /** Asleep: connections are accepted, nothing is answered until `thaw`. */
  readonly freeze: () => void
  readonly thaw: () => void
  readonly stop: () => Promise<void>
}

const modernVersions: readonly Version[] = [
  { version: '5.1', deprecated: true },
  { version: '9.0' },
  { version: '36.3' },
  { version: '38.1' },
  { version: '39.0.0-alpha' },
]

export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const state = stateOf(options.machines, options.onEvent ?? (() => undefined))
  const sessions = sessionsOf(options.account)
  const status: StatusFault = { code: 503, count: 0, retryAfter: null }
  const control = controlOf(state, sessions, status)
  const requests: { where: string; accept: string; body: string }[] = []
  let awake = Promise.withResolvers<void>()
  awake.resolve()
  let origin = ''
  const inside: Inside = { state, sessions, versions: options.versions ?? modernVersions, pageCap: options.pageCap ?? 128, origin: () => origin }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const asked: Asked = { method: request.method ?? 'GET', url: new URL(request.url ?? '/', 'https://here'), body, request }
    if (asked.url.pathname.startsWith('/control/')) return reply(response, await ordered(control, asked))
    requests.push({ where: `${asked.method} ${asked.url.pathname}`, accept: request.headers.accept ?? '', body })
    await awake.promise
    if (status.count > 0) {
      status.count -= 1
      return reply(response, { status: status.code, body: '', ...(status.retryAfter === null ? {} : { headers: { 'retry-after': status.retryAfter } }) })
    }
    reply(response, answerTo(inside, asked))
  }
  const server = createServer({ key: options.key, cert: options.cert }, (request, response) => {
    // A client that hangs up half-way is no reason to end.
    handle(request, response).catch(() => response.destroy())
  })
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const address = server.address()
  origin = `https://${options.host}:${typeof address === 'object' && address !== null ? address.port : options.port}`.replace(/:443$/, '')
  return {
    url: origin,
    control,
    requests,
    logins: sessions.opened,
    freeze: () => (awake = Promise.withResolvers()),
    thaw: () => awake.resolve(),
    stop: async () => {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function reply(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/vnd.vmware.vcloud+xml', ...headers }).end(body)
}

async function ordered(control: Control, { url, body }: Asked): Promise<Answer> {
  try {
    return { status: 200, body: JSON.stringify(await control(url.pathname.slice('/control'.length), body === '' ? undefined : JSON.parse(body))) }
  } catch (error) {
    return { status: 400, body: String(error) }
  }
}
