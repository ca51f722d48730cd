// A way in between: TLS with a certificate of its own before any service, which passes everything on but what a fault
// strikes. Faults are a list; the first that a request meets is used up by it. To order one: `proxy.strike({ on, with })`.
import { readFile, mkdtemp, rm } from 'node:fs/promises'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { Server as TlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { Agent, request as send } from 'undici'
import { makeCertificate } from './vcsim.ts'
import { startTlsServer } from './web-server.ts'

type Test = { readonly after: (act: () => Promise<void>) => void }

export type Asked = { readonly method: string; readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }
export type Reply = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string | Iterable<Buffer> }
export type Passed = Reply & { readonly body: string }

/** What a strike can do: pass the request on, as it came or changed, and send something else than came back. */
export type Wire = {
  readonly forward: (change?: Partial<Asked>) => Promise<Passed>
  /** Another certificate for all connections that begin from now on. */
  readonly changeCertificate: () => Promise<void>
}

/** `cut`: half of the body, then the connection ends. `stall`: half of it, then nothing more. `close`: all of it, then the connection ends. */
export type Struck = Reply & { readonly ends?: 'cut' | 'stall' | 'close' }
export type Strike = (wire: Wire, asked: Asked) => Promise<Struck>

export type Fault = {
  /** Which requests: tried on `METHOD /path`, a line break and the body. Absent: all. */
  readonly on?: RegExp
  /** So many of them pass before it. */
  readonly skip?: number
  /** So many are struck. Default 1. */
  readonly times?: number
  readonly with: Strike
}

export type FaultProxy = {
  /** Origin and path of the service behind it, with the address of the proxy. */
  readonly url: string
  readonly fingerprint: string
  /** Every request that came, in order. */
  readonly asked: readonly Asked[]
  readonly strike: (fault: Fault) => void
  /** From now on nothing is struck. */
  readonly calm: () => void
}

/** A proxy before the service at this address (http or https, whatever its certificate). It ends with the test. */
export async function startFaultProxy(t: Test, upstream: string, ...faults: readonly Fault[]): Promise<FaultProxy> {
  const { origin, pathname } = new URL(upstream)
  const agent = new Agent({ connect: { rejectUnauthorized: false } })
  t.after(() => agent.close())
  const asked: Asked[] = []
  const left: { fault: Fault; skip: number; times: number }[] = []
  const strike = (fault: Fault): void => void left.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 })
  faults.forEach(strike)
  const next = (request: Asked): Fault | null => {
    for (const each of left.filter(({ fault: { on }, times }) => times > 0 && (on?.test(lineOf(request)) ?? true))) {
      if (each.skip === 0) {
        each.times -= 1
        return each.fault
      }
      each.skip -= 1
    }
    return null
  }
  const server = await startTlsServer(t, async (request, response, body) => {
    const came = { method: request.method ?? 'GET', path: request.url ?? '/', headers: request.headers, body }
    asked.push(came)
    const forward: Wire['forward'] = (change) => pass(agent, origin, { ...came, ...change })
    const changeCertificate = (): Promise<void> => otherCertificate(t, server.server)
    const fault = next(came)
    await give(response, await (fault === null ? forward() : fault.with({ forward, changeCertificate }, came)))
  })
  return { url: `${new URL(server.url).origin}${pathname}`, fingerprint: server.fingerprint, asked, strike, calm: () => void left.splice(0) }
}

export function lineOf({ method, path: where, body }: Asked): string {
  return `${method} ${where}\n${body}`
}

/** How many of the requests so far a fault with this `on` would have met. */
export function count({ asked }: FaultProxy, on: RegExp): number {
  return asked.filter((each) => on.test(lineOf(each))).length
}

/** Headers that are between two neighbours only; packing would keep a fault from changing a text. */
const hops: ReadonlySet<string> = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding', 'keep-alive'])

function carried(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hops.has(name)))
}

async function pass(agent: Agent, origin: string, { method, path: where, headers, body }: Asked): Promise<Passed> {
  const answer = await send(`${origin}${where}`, { dispatcher: agent, method, headers: carried(headers), body: body === '' ? null : body })
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
}

async function give(response: ServerResponse, { status, headers, body, ends }: Struck): Promise<void> {
  response.sendDate = !('date' in headers)
  if (typeof body !== 'string') {
    response.writeHead(status, carried(headers))
    Readable.from(body)
      .on('error', () => undefined)
      .pipe(response)
    return
  }
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...carried(headers), 'content-length': bytes.length, ...(ends === 'close' ? { connection: 'close' } : {}) })
  if (ends === undefined || ends === 'close') return void response.end(bytes)
  response.write(bytes.subarray(0, bytes.length / 2), () => void (ends === 'cut' && response.destroy()))
}

async function otherCertificate(t: Test, server: unknown): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-other-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const files = await makeCertificate(folder)
  if (!(server instanceof TlsServer)) return
  server.setSecureContext({ key: await readFile(files.key), cert: await readFile(files.cert) })
  server.closeIdleConnections()
}
