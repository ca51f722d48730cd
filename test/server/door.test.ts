// The door on TCP before routes of this test.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import fastify from 'fastify'
import type { AuditEntry } from '../../src/server/audit.ts'
import { hangDoor, type Door } from '../../src/server/door.ts'
import { failureOf, httpStatusOf } from '../../src/server/failures.ts'

const token = { name: 'ops', scope: 'operate', hash: `sha256:${createHash('sha256').update('a-token').digest('hex')}` } as const
const headers = { authorization: 'Bearer a-token' }
const context = { config: { text: 'project: shop', baseFolder: '/srv' }, secrets: {}, isComplete: true }

function behind(limits: Door['limits'], write: (entry: AuditEntry) => void) {
  const server = fastify()
  const audit = { write: async (entry: AuditEntry) => await Promise.resolve(write(entry)), close: async () => undefined }
  hangDoor(server, { tokens: [token], context, audit, ...(limits === undefined ? {} : { limits }) })
  server.setErrorHandler(async (error, _request, reply) => await reply.code(httpStatusOf(error)).send(failureOf(error)))
  const done: unknown[] = []
  server.get('/api/v1/status', async () => await Promise.resolve({}))
  server.post('/api/v1/moves/:name/:kind', async (request) => {
    done.push(request.body)
    return await Promise.resolve({})
  })
  return { server, done }
}

test('who asks too often is told when to come again, known or not', async () => {
  const { server } = behind({ perToken: 3, perStranger: 2 }, () => undefined)
  const codes = async (times: number, with_: Record<string, string>) => {
    const all: number[] = []
    for (let nth = 0; nth < times; nth += 1) all.push((await server.inject({ url: '/api/v1/status', headers: with_ })).statusCode)
    return all
  }
  assert.deepEqual(await codes(4, {}), [401, 401, 429, 429])
  assert.deepEqual(await codes(5, headers), [200, 200, 200, 429, 429])
  const answer = await server.inject({ url: '/api/v1/status', headers })
  assert.ok(Number(answer.headers['retry-after']) > 0)
  assert.equal(answer.json<{ code: string }>().code, 'too-often')
})

test('a call is in the account before it is done; when it cannot be written there, the call is not done', async () => {
  const entries: AuditEntry[] = []
  const { server, done } = behind(undefined, (entry) => void entries.push(entry))
  const call = { method: 'POST', url: '/api/v1/moves/web-1/pause?key=hunter-2', headers, payload: { digest: 'hunter-2' } } as const
  assert.equal((await server.inject(call)).statusCode, 200)
  await server.close()
  assert.deepEqual(done, [{ digest: 'hunter-2', context: { ...context, who: 'token ops' } }])
  assert.deepEqual(
    entries.map(({ who, what, path, status }) => [who, what, path, status]),
    [
      ['ops', 'asked', '/api/v1/moves/web-1/pause', undefined],
      ['ops', 'answered', '/api/v1/moves/web-1/pause', 200],
    ],
  )
  assert.ok(!JSON.stringify(entries).includes('hunter'))

  const full = behind(undefined, () => {
    throw new Error('The disk is full.')
  })
  assert.equal((await full.server.inject(call)).statusCode, 500)
  assert.deepEqual(full.done, [])
})

test('a route of which nobody has said who may use it does not start', () => {
  const { server } = behind(undefined, () => undefined)
  assert.throws(() => server.get('/api/v1/new', async () => await Promise.resolve({})), /Nobody has said who may use GET \/api\/v1\/new over TCP/)
})
