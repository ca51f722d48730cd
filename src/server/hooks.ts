// POST /hooks/{id}: deliveries of monitoring. 202 says that one is on the disk. Who may not be believed learns nothing but that.
import type { FastifyInstance } from 'fastify'
import type { HookReceiver } from '../app/watch/hooks.ts'
import { codeOf, LifeboatError } from '../core/errors.ts'
import { failureOf, httpStatusOf } from './failures.ts'
import type { Metrics } from './metrics.ts'

const bodyLimit = 1024 * 1024
/** A sender that is told 429 may give up; after a 503 it comes again. */
const comeAgainSeconds = '1'

export function hookRoute(receiver: HookReceiver, metrics: Pick<Metrics, 'webhook'>) {
  return async (server: FastifyInstance): Promise<void> => {
    server.removeAllContentTypeParsers()
    server.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => done(null, body))
    server.post<{ Params: { id: string } }>('/hooks/:id', { bodyLimit }, async ({ params: { id }, headers, query, body }, reply) => {
      const source = receiver.sources.includes(id) ? id : 'unknown'
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
      try {
        const signals = await receiver.receive(id, { headers: firstOf(headers), query: firstOf(query), body: bytes, receivedAt: Date.now() })
        metrics.webhook(source, signals.some(({ weight }) => weight === 1) ? 'counted' : 'kept')
        return await reply.code(202).send({ kept: signals.length })
      } catch (error) {
        metrics.webhook(source, codeOf(error))
        if (codeOf(error) === 'server-busy') void reply.header('retry-after', comeAgainSeconds)
        const told = codeOf(error) === 'delivery-refused' ? new LifeboatError('delivery-refused', 'The delivery was refused.') : error
        return await reply.code(httpStatusOf(error)).send(failureOf(told))
      }
    })
    await Promise.resolve()
  }
}

function firstOf(values: unknown): Record<string, string | undefined> {
  if (typeof values !== 'object' || values === null) return {}
  const first = (value: unknown): string | undefined => (Array.isArray(value) ? first(value[0]) : typeof value === 'string' ? value : undefined)
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, first(value)]))
}
