// GET /api/v1/openapi.json: what this server answers, made from its routes and from the schemas by which they read a call.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { version } from '../version.ts'
import { described, type Described } from './described.ts'
import { needOf } from './scopes.ts'

type Json = Readonly<Record<string, unknown>>
type Route = { readonly method: string; readonly url: string }

/** `lifeboat.error/1`. */
const failure = z.object({
  schema: z.literal('lifeboat.error/1'),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  details: z.record(z.string(), z.unknown()),
})

/** Serves the description of every route that is added after this call. */
export function describeRoutes(server: FastifyInstance): void {
  const routes: Route[] = []
  server.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) if (each !== 'HEAD' && each !== 'OPTIONS') routes.push({ method: each, url })
  })
  server.get('/api/v1/openapi.json', async () => await Promise.resolve(openapiOf(routes)))
}

/** An OpenAPI 3.1 document. */
export function openapiOf(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const { method, url } of routes) {
    const path = url.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(method, url) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lifeboat',
      version,
      description: 'The same calls on the socket of the machine, without a token, and over TCP. `context` is brought on the socket alone.',
    },
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'One of `server.tokens`; what each call needs is its scope, which includes those before it: read, operate, approve.',
        },
      },
      responses: { failure: { description: 'It failed.', content: jsonOf(failure) } },
    },
  }
}

function operationOf(method: string, url: string): Json {
  const { summary, body, query, params, answer, type = 'application/json', status = 200 }: Described = described[`${method} ${url}`] ?? { summary: '' }
  const need = needOf(method, url)
  const parameters = [...pathParameters(url, params), ...queryParameters(query)]
  return {
    operationId: `${method.toLowerCase()}${url.replaceAll(/[^a-zA-Z0-9]+/g, '-')}`,
    summary,
    // What is for the socket alone has no scope that would do.
    ...(need === 'open' || need === null ? { security: [] } : need === 'local' ? { security: [], 'x-socket-only': true } : { security: [{ token: [need] }] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: jsonOf(body) } }),
    responses: {
      [status]: { description: 'Done.', content: answer === undefined ? { [type]: {} } : jsonOf(answer, 'output') },
      default: { $ref: '#/components/responses/failure' },
    },
  }
}

function pathParameters(url: string, params: z.ZodObject | undefined): readonly Json[] {
  const known = params === undefined ? {} : propertiesOf(params)
  return [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => ({ name, in: 'path', required: true, schema: known[name] ?? { type: 'string' } }))
}

function queryParameters(query: z.ZodObject | undefined): readonly Json[] {
  if (query === undefined) return []
  return Object.entries(propertiesOf(query)).map(([name, schema]) => ({ name, in: 'query', required: false, schema }))
}

function propertiesOf(schema: z.ZodObject): Readonly<Record<string, unknown>> {
  return schemaOf(schema, 'input')['properties'] as Readonly<Record<string, unknown>>
}

function jsonOf(schema: z.ZodType, io: 'input' | 'output' = 'input'): Json {
  return { 'application/json': { schema: schemaOf(schema, io) } }
}

/** OpenAPI 3.1 takes JSON Schema 2020-12 as it is. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}
