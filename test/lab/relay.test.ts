import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { startRelay, type Link } from '../../lab/relay.ts'

/** A client behind a relay to a server that treats each connection so. */
async function client(t: TestContext, link: Link, serve: (socket: Socket) => void, connections = 1): Promise<Socket[]> {
  const server = createServer({ allowHalfOpen: true }, serve).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const bound = server.address()
  assert.ok(typeof bound === 'object' && bound !== null)
  const relay = await startRelay({ link, to: { address: '127.0.0.1', port: bound.port } })
  t.after(async () => await relay.stop())
  return await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ host: '127.0.0.1', port: relay.port, allowHalfOpen: true })
      t.after(() => socket.destroy())
      await once(socket, 'connect')
      return socket
    }),
  )
}

const near = { delayMs: 0, bytesPerSecond: 1e9 }

test('a request and its answer take a round trip, after another one to connect', async (t) => {
  const began = performance.now()
  const [socket] = await client(t, { ...near, delayMs: 50 }, (far) => far.pipe(far))
  socket?.write('hello')
  await once(socket ?? assert.fail(), 'data')
  const ms = performance.now() - began
  assert.ok(ms >= 195 && ms < 1000, `${ms} ms`)
})

test('all connections of a link share its rate', async (t) => {
  const size = 200_000
  const sockets = await client(t, { delayMs: 0, bytesPerSecond: 1_000_000 }, (far) => far.end(Buffer.alloc(size)), 3)
  const began = performance.now()
  const sizes = await Promise.all(
    sockets.map(async (socket) => {
      let received = 0
      for await (const bytes of socket) received += (bytes as Buffer).length
      return received
    }),
  )
  const ms = performance.now() - began
  assert.deepEqual(sizes, [size, size, size])
  assert.ok(ms >= 500 && ms < 5000, `${ms} ms for ${3 * size} bytes at 1 MB/s`)
})

test('bytes arrive whole and in order, and an end of one direction leaves the other open', async (t) => {
  const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, place) => place % 251))
  const [socket] = await client(t, near, (far) => {
    const chunks: Buffer[] = []
    far.on('data', (chunk: Buffer) => chunks.push(chunk))
    // Answers only once everything has come, which it learns from the end.
    far.on('end', () => far.end(Buffer.concat(chunks)))
  })
  socket?.end(sent)
  const chunks: Buffer[] = []
  for await (const chunk of socket ?? []) chunks.push(chunk as Buffer)
  assert.ok(Buffer.concat(chunks).equals(sent))
})

test('a connection that is reset on one side is reset on the other', async (t) => {
  const [socket] = await client(t, near, (far) => far.once('data', () => far.resetAndDestroy()))
  socket?.write('x')
  const [error] = await once(socket ?? assert.fail(), 'error')
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET')
})
