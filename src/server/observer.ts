// What an observer tells a Lifeboat elsewhere, its evidence, and what it is told by it: which nodes serve.
import fastify, { type FastifyInstance } from 'fastify'
import type { Serving } from '../core/serving.ts'
import type { Audit } from './audit.ts'
import { servingBody } from './bodies.ts'
import { hangDoor, type Door } from './door.ts'
import { evidenceRoute, type EvidenceSource } from './evidence.ts'
import { failureOf, httpStatusOf } from './failures.ts'
import { describeRoutes } from './openapi.ts'

export type ObserverServer = {
  readonly tokens: Door['tokens']
  readonly audit: Audit
  readonly evidence: EvidenceSource
  readonly hearServing: (serving: Serving) => Promise<void>
}

export function createObserverServer({ tokens, audit, evidence, hearServing }: ObserverServer): FastifyInstance {
  const server = fastify({ logger: false, bodyLimit: 1024 * 1024, requestTimeout: 10_000, forceCloseConnections: true })
  // Nothing here takes a configuration.
  hangDoor(server, { tokens, audit, context: { config: { text: '', baseFolder: '' }, secrets: {}, isComplete: false } })
  server.setErrorHandler(async (error, _request, reply) => await reply.code(httpStatusOf(error)).send(failureOf(error)))
  describeRoutes(server)
  server.get('/healthz', async () => await Promise.resolve({ status: 'ok' }))
  evidenceRoute(server, evidence)
  server.post('/api/v1/watch/serving', async (request) => {
    await hearServing(servingBody.parse(request.body).moves)
    return {}
  })
  return server
}
