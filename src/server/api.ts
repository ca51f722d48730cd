// The one door to every action: HTTP on the controller's socket (interfaces.md §5). Commands, menu and dashboard all
// come through here, so there is one set of checks.
import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { App } from '../app/app.ts'
import type { HookReceiver } from '../app/watch/hooks.ts'
import { inventoryLines, linesType } from '../core/inventory-lines.ts'
import { LifeboatError } from '../core/errors.ts'
import {
  contextBody,
  drillBody,
  inventoryBody,
  migrateBody,
  planBody,
  policyBody,
  providersBody,
  reportBody,
  standbyBody,
  switchBody,
  tellBody,
  tellParams,
  verifyBody,
} from './bodies.ts'
import { hangDoor, type Door } from './door.ts'
import { streamEvents } from './events.ts'
import { evidenceRoute, type EvidenceSource } from './evidence.ts'
import { failureOf, httpStatusOf } from './failures.ts'
import { hookRoute } from './hooks.ts'
import { openMetrics } from './metrics.ts'
import { describeRoutes } from './openapi.ts'

export type Identity = { readonly version: string; readonly pid: number; readonly since: string; readonly state: string; readonly database: string }

const waitingMs = 1000

/** `touched` is called for each request, and again and again while one is answered: the controller's idle clock. `stop` ends the controller. */
export type ServerHooks = { readonly touched: () => void; readonly stop: () => void }

/** Routes over the app, for a socket that only we can reach. */
export function createServer(app: App, identity: Identity, hooks: ServerHooks): FastifyInstance {
  const server = fastify({ logger: false, bodyLimit: 8 * 1024 * 1024, forceCloseConnections: true })
  describeRoutes(server)
  server.get('/healthz', async () => ({ status: 'ok', ...identity, knows: app.knows() }))
  return addRoutes(server, app, hooks)
}

export type TcpServer = ServerHooks & { readonly door: Door; readonly receiver: HookReceiver; readonly evidence: EvidenceSource }

/** The same for everybody who reaches an address: behind the door, with webhooks, metrics and evidence. */
export function createTcpServer(app: App, { door, receiver, evidence, ...hooks }: TcpServer): FastifyInstance {
  const server = fastify({ logger: false, bodyLimit: 64 * 1024, requestTimeout: 10_000, forceCloseConnections: true })
  const metrics = openMetrics(app)
  hangDoor(server, door)
  describeRoutes(server)
  server.get('/healthz', async () => await Promise.resolve({ status: 'ok' }))
  server.get('/metrics', async (_request, reply) => await reply.type(metrics.contentType).send(await metrics.text()))
  void server.register(hookRoute(receiver, metrics))
  evidenceRoute(server, evidence)
  return addRoutes(server, app, hooks)
}

function addRoutes(server: FastifyInstance, app: App, hooks: ServerHooks): FastifyInstance {
  server.addHook('onRequest', async ({ method }, reply) => {
    hooks.touched()
    // Somebody waits for as long as an answer takes. Streams are read with GET, by pages that stay open for days.
    if (method !== 'POST') return
    const waiting = setInterval(hooks.touched, waitingMs)
    reply.raw.once('close', () => clearInterval(waiting))
  })
  server.setErrorHandler(async (error, _request, reply) => await reply.code(httpStatusOf(error)).send(failureOf(error)))
  server.get('/events', (request, reply) => streamEvents(app.journal, request, reply))
  server.get('/api/v1/status', async (request) => await app.status(queried(request, 'move')))
  server.get('/api/v1/journal', async (request) => {
    const move = queried(request, 'move')
    return await app.journal.after(Number(queried(request, 'after') ?? 0), { limit: 10_000, ...(move === null ? {} : { move }) })
  })
  server.get('/api/v1/seq', async () => ({ seq: await app.journal.last() }))
  server.post('/api/v1/context', async (request) => {
    app.bring(contextBody.parse(request.body).context)
    return {}
  })
  server.post('/api/v1/inventory', async (request, reply) => {
    const body = inventoryBody.parse(request.body)
    const inventories = await app.inventory(body.context, body, goneSignal(reply))
    return request.headers.accept === linesType ? await reply.type(linesType).send(Readable.from(inventoryLines(inventories))) : inventories
  })
  server.post('/api/v1/doctor', async (request, reply) => await app.doctor(contextBody.parse(request.body).context, goneSignal(reply)))
  server.post('/api/v1/providers', async (request, reply) => {
    const body = providersBody.parse(request.body)
    return await app.providers(body.context, body.provider, goneSignal(reply))
  })
  server.post('/api/v1/plan', async (request, reply) => {
    const body = planBody.parse(request.body)
    const make = body.diff ? app.comparePlan : body.compare ? app.pricePlan : app.plan
    return await make(body.context, body.moves, goneSignal(reply))
  })
  server.post('/api/v1/moves', async (request, reply) => {
    const body = migrateBody.parse(request.body)
    return await app.migrate(body.context, body, goneSignal(reply))
  })
  server.post('/api/v1/moves/:name/:kind', async (request) => {
    const { name, kind } = tellParams.parse(request.params)
    const body = tellBody.parse(request.body)
    return await app.tell(body.context, name, kind, body)
  })
  standbyRoutes(server, app)
  policyRoutes(server, app)
  server.post('/api/v1/report', async (request) => {
    const { context: from, move, ...traffic } = reportBody.parse(request.body)
    return await app.report(from, move, traffic)
  })
  server.post('/api/v1/report/verify', async (request) => {
    const { move, against } = verifyBody.parse(request.body)
    return await app.verify(move, against)
  })
  server.post('/api/v1/stop', async () => {
    hooks.stop()
    return {}
  })
  return server
}

function policyRoutes(server: FastifyInstance, app: App): void {
  server.post('/api/v1/policy', async (request) => {
    const body = policyBody.parse(request.body)
    return await app.explainPolicy(body.context, body.move)
  })
  server.post('/api/v1/policy/switch', async (request) => {
    const body = switchBody.parse(request.body)
    return await app.switchPolicy(body.context, body)
  })
}

function standbyRoutes(server: FastifyInstance, app: App): void {
  server.post('/api/v1/moves/:name/drill', async (request, reply) => {
    const { name } = z.object({ name: z.string() }).parse(request.params)
    const body = drillBody.parse(request.body)
    return await app.drill(body.context, name, body.level, goneSignal(reply))
  })
  server.post('/api/v1/moves/:name/standby', async (request, reply) => {
    const { name } = z.object({ name: z.string() }).parse(request.params)
    const body = standbyBody.parse(request.body)
    return await app.changeStandby(body.context, name, body.want, goneSignal(reply))
  })
  server.post('/api/v1/standby', async (request) => {
    const body = policyBody.parse(request.body)
    return await app.standbys(body.context, body.move)
  })
  server.post('/api/v1/standby/drift', async (request, reply) => {
    const body = policyBody.parse(request.body)
    return await app.drift(body.context, body.move, goneSignal(reply))
  })
}

/** Aborts when the caller hangs up before the answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new LifeboatError('timeout', 'The caller hung up.'))
  })
  return gone.signal
}

function queried(request: FastifyRequest, name: string): string | null {
  const query = z.record(z.string(), z.string()).safeParse(request.query)
  return query.success ? (query.data[name] ?? null) : null
}
