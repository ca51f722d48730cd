// Stands between a provider and its name server and does to the messages what bad networks and bad people do.
import { createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { exchangeMessages, type Endpoint } from '../../src/io/dns-wire.ts'

/** What becomes of a reply; null: the connection is closed without it. */
export type Meddle = (reply: Buffer, request: Buffer) => Buffer | null | Promise<Buffer | null>

/** A TCP server on a free loopback port that passes DNS messages to `target` and their replies, meddled with, back. */
export async function startProxy(t: TestContext, target: Endpoint, meddle: Meddle): Promise<Endpoint> {
  return await startTcp(t, (socket, request) => {
    void (async () => {
      const sent = await meddle(await forward(t, target, request), request)
      if (sent === null) socket.destroy()
      else socket.write(framed(sent))
    })().catch(() => socket.destroy())
  })
}

/** The server's reply to one message. */
export async function forward(t: TestContext, target: Endpoint, request: Buffer): Promise<Buffer> {
  const [reply] = await exchangeMessages(target, [request], { signal: t.signal, deadlineMs: 5000 })
  return reply ?? Buffer.alloc(0)
}

/** Whether a request changes the zone. */
export function isUpdate(request: Buffer): boolean {
  return ((request[2] ?? 0) >> 3) % 16 === 5
}

/** A TCP server on a free loopback port that is given each DNS message as it comes. */
export async function startTcp(t: TestContext, onMessage: (socket: Socket, message: Buffer) => void): Promise<Endpoint> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let pending = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE()) {
        const end = 2 + pending.readUInt16BE()
        const message = Buffer.from(pending.subarray(2, end))
        pending = pending.subarray(end)
        onMessage(socket, message)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { address: '127.0.0.1', port: address.port }
}

/** A message with its length before it. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}
