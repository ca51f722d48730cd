// The token of ten idle minutes: shared, replaced once, and never a reason for half an inventory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startWebServer } from '../../support/web-server.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { openSource, startService } from './lab.ts'

const logins = (requests: readonly string[]): number => requests.filter((each) => each.endsWith('/login')).length

test('a token that dies while pages are read starts the reading over, once, and every machine comes once', async (t) => {
  const service = await startService(t, { pageSize: 1 })
  await service.control('/expire', { path: '/vdc/1', skip: 1 })
  const { nodes, complete } = await (await openSource(t, service.url)).nodes(soon())
  assert.deepEqual([nodes.map(({ name }) => name), complete, logins(service.requests)], [['web-1', 'web-2', 'orders'], true, 2])
})

test('a token that dies while one of several machines is read is no missing machine', async (t) => {
  const service = await startService(t)
  await service.control('/expire', { path: '/vapp/14001' })
  const { nodes, complete } = await (await openSource(t, service.url)).nodes(soon())
  assert.deepEqual([nodes.map(({ power }) => power), complete], [['on', 'on', 'off'], true])
})

test('a token that dies every time is an error that says so', async (t) => {
  const service = await startService(t)
  await service.control('/expire', { path: '/vapp/', count: 1000 })
  await assert.rejects((await openSource(t, service.url)).nodes(soon()), failsWith('source-session-lost', /ended the session while it was to show web-1/))
  assert.equal(logins(service.requests), 2)
})

test('a token that was idle for more than ten minutes is replaced, one in use is not', async (t) => {
  let now = 0
  const service = await startService(t, { now: () => now })
  const source = await openSource(t, service.url)
  const first = await source.nodes(soon())
  now += 599_000
  await source.nodes(soon())
  now += 599_000
  await source.nodes(soon())
  assert.equal(logins(service.requests), 1)
  now += 601_000
  assert.deepEqual(await source.nodes(soon()), first)
  assert.equal(logins(service.requests), 2)
})

test('a token that comes as a header instead of a cookie is sent back as one', async (t) => {
  const server = await startWebServer(t, (request, response) => {
    if (request.url === '/api/v0.8/login')
      return void response.writeHead(200, { 'x-vcloud-authorization': 'abc' }).end('<OrgList><Org href="/org/1" name="x"/></OrgList>')
    response.writeHead(request.headers['x-vcloud-authorization'] === 'abc' ? 200 : 401).end('<Org/>')
  })
  assert.deepEqual(await (await openSource(t, `${server.url}api/v0.8`)).nodes(soon()), { nodes: [], complete: true, warnings: [] })
})

test('parallel work shares one log-in', async (t) => {
  const service = await startService(t)
  const source = await openSource(t, service.url)
  await Promise.all([source.nodes(soon()), source.nodes(soon()), source.nodes(soon())])
  assert.equal(logins(service.requests), 1)
})

test('a service that is gone, silent or cut off in an answer is told as what it is', async (t) => {
  const service = await startService(t)
  const source = await openSource(t, service.url)
  await service.control('/cut', { path: '/org/', count: 2 })
  await assert.rejects(source.nodes(soon()), failsWith('source-unreachable', /closed the connection before its answer ended/))
  await service.control('/silence', { path: '/org/' })
  const reason = new Error('no more patience')
  const patience = new AbortController()
  const reading = source.nodes(patience.signal)
  const asked = setInterval(() => service.requests.filter((each) => each.includes('/org/')).length > 2 && patience.abort(reason), 5)
  t.after(() => clearInterval(asked))
  await assert.rejects(reading, reason)
  await service.stop()
  await assert.rejects(source.nodes(soon()), failsWith('source-unreachable', /nothing listens there/))
  await source.close()
})
