// The process of traffic.ts: `clients.ts SPEC` sends requests at a steady rate whatever becomes of the earlier ones, and
// writes a line for each on stdout. SIGTERM: no more requests, those under way are awaited.
import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { clients } from './network.ts'
import { nameCache } from './name-cache.ts'
import type { Sample, TrafficSpec } from './traffic.ts'

const limitMs = 30_000
const spec: TrafficSpec = JSON.parse(process.argv[2] ?? '')
const resolve = nameCache()
// Customers keep idle connections for a while, as browsers and API clients do.
const kept = new http.Agent({ keepAlive: true, maxSockets: 8, maxFreeSockets: 8 })
const fresh = new http.Agent({ keepAlive: false })
const run = `${Date.now().toString(36)}`
const underWay = new Set<Promise<void>>()
let stopping = false
process.once('SIGTERM', () => {
  stopping = true
})

type Attempt = { readonly status: number | null; readonly error: string | null; readonly resendable: boolean }

async function send(name: string, number: number, due: number): Promise<void> {
  const kind = number % 2 === 0 ? 'GET' : 'POST'
  const connection = number % 4 < 2 ? 'new' : 'kept'
  const id = kind === 'POST' ? `${name.split('.')[0]}-${run}-${number}` : null
  const end = due + limitMs
  let address: string | null = null
  let outcome: Attempt = { status: null, error: 'the name has no address', resendable: false }
  let retried = false
  try {
    address = await resolve(name, end)
    outcome = await once({ name, kind, address, id, agent: connection === 'kept' ? kept : fresh, number, end })
    if (outcome.resendable) {
      retried = true
      outcome = await once({ name, kind, address, id, agent: fresh, number, end })
    }
  } catch (error) {
    outcome = { status: null, error: error instanceof Error ? error.message : String(error), resendable: false }
  }
  const good = outcome.status !== null && outcome.status >= 200 && outcome.status < 300
  const sample: Sample = {
    at: due,
    ms: Date.now() - due,
    name,
    kind,
    connection,
    address,
    outcome: good ? 'ok' : 'failed',
    status: outcome.status,
    retried,
    id,
    error: outcome.error,
  }
  process.stdout.write(`${JSON.stringify(sample)}\n`)
}

type Request = {
  readonly name: string
  readonly kind: 'GET' | 'POST'
  readonly address: string
  readonly id: string | null
  readonly agent: http.Agent
  readonly number: number
  readonly end: number
}

async function once({ name, kind, address, id, agent, number, end }: Request): Promise<Attempt> {
  return await new Promise((done) => {
    let readBefore = 0
    const request = http.request({
      host: address,
      port: 80,
      agent,
      method: kind,
      path: kind === 'GET' ? '/' : '/orders',
      headers: { Host: name, ...(id === null ? {} : { 'Idempotency-Key': id, 'Content-Length': 0 }) },
      ...(agent === fresh ? { localAddress: clients[number % clients.length] ?? clients[0] } : {}),
    })
    const late = setTimeout(() => request.destroy(new Error(`no answer within ${limitMs / 1000} s`)), Math.max(0, end - Date.now()))
    const finish = (attempt: Attempt) => {
      clearTimeout(late)
      done(attempt)
    }
    request.once('socket', (socket) => {
      readBefore = socket.bytesRead
    })
    request.once('error', (error: NodeJS.ErrnoException) => {
      const silent = request.socket === null || request.socket.bytesRead === readBefore
      const closed = error.code === 'ECONNRESET' || error.code === 'EPIPE'
      finish({ status: null, error: error.code ?? error.message, resendable: request.reusedSocket && silent && closed })
    })
    request.once('response', (response) => {
      response.resume()
      response.once('end', () => finish({ status: response.statusCode ?? null, error: null, resendable: false }))
      response.once('error', (error) => finish({ status: null, error: error.message, resendable: false }))
    })
    request.end()
  })
}

const began = Date.now()
const intervalMs = 1000 / spec.requestsPerSecond
for (let number = 0; !stopping; number += 1) {
  // Names take turns within the interval; the schedule comes from the clock, so a slow answer delays nobody.
  for (const [place, name] of spec.names.entries()) {
    const due = began + (number + place / spec.names.length) * intervalMs
    await delay(Math.max(0, due - Date.now()))
    const request = send(name, number, Math.round(due)).finally(() => underWay.delete(request))
    underWay.add(request)
  }
}
await Promise.all(underWay)
kept.destroy()
