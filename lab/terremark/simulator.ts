// A simulator of Terremark vCloud Express 0.8a-ext1.6. It is ours: the real service has closed, and its answers here are
// written by us in the shapes that others recorded (docs/lab.md says what that leaves open). Log-in, organisation, data
// centres in pages, vApps, internet services, tasks that take time, a token that dies when it is idle, faults on command.
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { apiOf, tokensOf, type Answer, type Asked } from './api.ts'
import { makeEstate, type Estate, type MachineSpec, type Pace } from './estate.ts'
import { makeFaults, type Fault } from './faults.ts'

export type Options = {
  readonly machines: readonly MachineSpec[]
  readonly user: string
  readonly password: string
  /** Where the API listens; port 0 chooses one. With a certificate it speaks TLS. */
  readonly address?: string
  readonly port?: number
  readonly tls?: { readonly key: string; readonly cert: string }
  readonly pageSize?: number
  /** The clock by which tokens die, in milliseconds. */
  readonly now?: () => number
  readonly pace?: Pace
  /** Public addresses that nothing uses. */
  readonly spareAddresses?: readonly string[]
  readonly onPower?: (machine: string, power: 'on' | 'off') => void
}

export type Simulator = {
  /** Of the API: `https://…/api`. */
  readonly url: string
  readonly estate: Estate
  /** Sends an order to its control endpoint (faults.ts has them). */
  readonly control: (where: string, order: unknown) => Promise<void>
  /** Method and path of every request to the API, in order. */
  readonly requests: readonly string[]
  readonly stop: () => Promise<void>
}

/** Starts it in this process; it listens when this ends. */
export async function startSimulator(options: Options): Promise<Simulator> {
  const estate = makeEstate(options.machines, options.pace ?? { taskMs: 100, guestMs: 50 }, options.onPower ?? (() => undefined))
  const faults = makeFaults(estate)
  const requests: string[] = []
  const tokens = tokensOf(options.now ?? (() => performance.now()))
  let answerOf: (asked: Asked) => Answer = () => ({ status: 503, body: '' })

  const handle = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    request.resume()
    const asked = { method: request.method ?? 'GET', url: new URL(`http://here.invalid${request.url ?? '/'}`), headers: request.headers }
    requests.push(`${asked.method} ${asked.url.pathname}${asked.url.search}`)
    const fault = faults.next(asked.url.pathname)
    if (fault?.kind === 'expire') tokens.clear()
    if (fault?.kind === 'silence') return
    const answer = faulty(fault) ?? answerOf(asked)
    response.writeHead(answer.status, { 'content-type': 'application/xml', ...answer.headers })
    if (fault?.kind === 'cut') response.write(answer.body.slice(0, answer.body.length / 2), () => response.destroy())
    else response.end(answer.body)
  }
  const server = options.tls === undefined ? http.createServer(handle) : https.createServer(options.tls, handle)
  const origin = await listen(server, options.address ?? '127.0.0.1', options.port ?? 0, options.tls === undefined ? 'http' : 'https')
  answerOf = apiOf({ ...options, origin, estate, tokens, failure: faults.nextFailure })
  const control = http.createServer((request, response) => void obey(request, response, faults.obey))
  const controlOrigin = await listen(control, '127.0.0.1', 0, 'http')
  return {
    url: `${origin}/api`,
    estate,
    requests,
    control: async (where, order) => {
      const answer = await fetch(controlOrigin + where, { method: 'POST', body: JSON.stringify(order), signal: AbortSignal.timeout(5000) })
      if (!answer.ok) throw new Error(`The simulator refused ${where}: ${await answer.text()}`)
    },
    stop: async () => {
      estate.stop()
      await Promise.all([close(server), close(control)])
    },
  }
}

function faulty(fault: Fault | null): Answer | null {
  if (fault?.kind === 'status') return { status: fault.code, body: `<Error message="${fault.message}" majorErrorCode="${fault.code}" minorErrorCode=""/>` }
  return fault?.kind === 'body' ? { status: fault.code, body: fault.body } : null
}

async function obey(request: http.IncomingMessage, response: http.ServerResponse, order: (where: string, what: unknown) => void): Promise<void> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  try {
    order(request.url ?? '', JSON.parse(text || '{}'))
    response.end()
  } catch (error) {
    response.writeHead(400).end(error instanceof Error ? error.message : String(error))
  }
}

async function listen(server: http.Server | https.Server, host: string, port: number, scheme: string): Promise<string> {
  server.listen(port, host).unref()
  await once(server, 'listening')
  const address = server.address()
  const given = typeof address === 'object' && address !== null ? address.port : port
  return given === 443 ? `${scheme}://${host}` : `${scheme}://${host}:${given}`
}

async function close(server: http.Server | https.Server): Promise<void> {
  if (!server.listening) return
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
