// GET /api/v1/openapi.json: every route of each server, in the shape of OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html).
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { App } from '../../src/app/app.ts'
import { createServer, createTcpServer } from '../../src/server/api.ts'
import { createObserverServer } from '../../src/server/observer.ts'

const nothing = async (): Promise<never> => await Promise.reject(new Error('Nothing else is asked here.'))
const hooks = { touched: () => undefined, stop: () => undefined }
const audit = { write: async () => undefined, close: async () => undefined }
const evidence = { looks: nothing, after: nothing, read: nothing }
const tokens = [{ name: 'reader', scope: 'read', hash: `sha256:${createHash('sha256').update('a-token').digest('hex')}` }] as const
const door = { tokens, audit, context: { config: { text: '', baseFolder: '/' }, secrets: {}, isComplete: true } }
const app = { status: nothing } as unknown as App

const servers: Readonly<Record<string, () => FastifyInstance>> = {
  controller: () => createServer(app, { version: '1', pid: 1, since: '', state: '', database: '' }, hooks),
  serve: () => createTcpServer(app, { door, receiver: { receive: nothing, sources: [], close: () => undefined }, evidence, ...hooks }),
  observer: () => createObserverServer({ tokens, audit, evidence, hearServing: nothing }),
}

const schema = z.looseObject({})
const media = z.record(z.string().regex(/^[a-z]+\/[a-z-]+$/), z.strictObject({ schema: schema.optional() }))
const response = z.union([z.strictObject({ $ref: z.string() }), z.strictObject({ description: z.string(), content: media.optional() })])
const parameter = z.strictObject({ name: z.string(), in: z.enum(['path', 'query']), required: z.boolean(), schema })
const operation = z.strictObject({
  operationId: z.string().regex(/^[\w-]+$/),
  summary: z.string().min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  'x-socket-only': z.literal(true).optional(),
  parameters: z.array(parameter).optional(),
  requestBody: z.strictObject({ required: z.boolean(), content: media }).optional(),
  responses: z.record(z.string().regex(/^([1-5]\d\d|default)$/), response),
})
const document = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({ title: z.string(), version: z.string().min(1), description: z.string() }),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(['get', 'post', 'put', 'patch', 'delete']), operation)),
  components: z.strictObject({
    securitySchemes: z.record(z.string(), z.strictObject({ type: z.literal('http'), scheme: z.literal('bearer'), description: z.string() })),
    responses: z.record(z.string(), response),
  }),
})

for (const [name, open] of Object.entries(servers))
  test(`the description of the ${name} has each of its routes, with what it takes and who may use it`, async (t) => {
    const server = open()
    t.after(async () => await server.close())
    const routes: string[] = []
    const answer = await server.inject({ url: '/api/v1/openapi.json', headers: { authorization: 'Bearer a-token' } })
    assert.equal(answer.statusCode, 200, answer.body)
    const { paths, components } = document.parse(answer.json())
    for (const [path, operations] of Object.entries(paths))
      for (const [method, each] of Object.entries(operations)) {
        assert.ok(each !== undefined)
        routes.push(`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`)
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameterName]) => parameterName)
        const declared = (each.parameters ?? []).filter((one) => one.in === 'path' && one.required).map((one) => one.name)
        assert.deepEqual(declared, named, path)
        for (const scheme of each.security.flatMap((one) => Object.keys(one))) assert.ok(scheme in components.securitySchemes, scheme)
      }
    assert.deepEqual(routes.toSorted(), routesOf(server))
    const ids = Object.values(paths).flatMap((operations) => Object.values(operations).map((each) => each?.operationId))
    assert.equal(new Set(ids).size, ids.length)
    for (const [, ref = ''] of answer.body.matchAll(/"\$ref":"#\/components\/([^"]+)"/g)) assert.ok(ref.split('/').reduce<unknown>(within, components), ref)
  })

test('the bodies are those by which calls are read: what the description asks for is what is missed', async (t) => {
  const server = servers['controller']?.() ?? assert.fail()
  t.after(async () => await server.close())
  const { paths } = document.parse((await server.inject({ url: '/api/v1/openapi.json' })).json())
  const body = z.object({ required: z.array(z.string()), properties: z.record(z.string(), z.unknown()) })
  let asked = 0
  for (const [path, { post }] of Object.entries(paths)) {
    const content = post?.requestBody?.content['application/json']?.schema
    if (content === undefined) continue
    asked += 1
    const { required } = body.parse(content)
    const url = path.replace('{name}', 'web-1').replace('{kind}', 'pause')
    const { statusCode, body: told } = await server.inject({ method: 'POST', url, payload: {} })
    assert.equal(statusCode, 400, `${path}: ${told}`)
    for (const key of required) assert.match(told, new RegExp(`at ${key}\\b`), path)
  }
  assert.ok(asked > 10)
})

function within(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

/** As the server itself lists them. */
function routesOf(server: FastifyInstance): string[] {
  const lines = server.printRoutes({ commonPrefix: false }).split('\n')
  const stack: string[] = []
  return lines
    .flatMap((line) => {
      const [, indent = '', part = '', methods = ''] = /^([\s│]*)[├└]── (\S*) ?(?:\(([A-Z, ]+)\))?/.exec(line) ?? []
      if (part === '') return []
      const depth = indent.length / 4
      stack.splice(depth, stack.length, part)
      return methods === '' ? [] : methods.split(', ').flatMap((method) => (method === 'HEAD' ? [] : [`${method} ${stack.join('')}`]))
    })
    .toSorted()
}
