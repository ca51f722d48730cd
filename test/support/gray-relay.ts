// A relay that is well until it is told otherwise: then it does to the chunks that pass what a sick device does to packets.
import { createServer, connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** `up`: towards the server. `before`: bytes that this connection has carried in that direction until now. */
export type Chunk = { readonly bytes: number; readonly up: boolean; readonly before: number }

/** Milliseconds for which a chunk is held, with all that come after it; null: it is lost, and with it the connection's sense. */
export type Sickness = (chunk: Chunk) => number | null

export type GrayRelay = { readonly port: number; readonly fall: (sick: Sickness | null) => void }

/** Before a port of this machine; connections that are open fall sick with the others. It ends with the test. */
export async function startGrayRelay(t: TestContext, to: number): Promise<GrayRelay> {
  const sockets = new Set<Socket>()
  let sickness: Sickness | null = null
  const carry = (from: Socket, into: Socket, up: boolean): void => {
    let [before, due] = [0, 0]
    from.on('data', (chunk: Buffer) => {
      const held = sickness?.({ bytes: chunk.length, up, before }) ?? (sickness === null ? 0 : null)
      before += chunk.length
      if (held === null) return
      due = Math.max(due, performance.now() + held)
      const pass = (): void => void into.write(chunk)
      if (due <= performance.now()) pass()
      else setTimeout(pass, due - performance.now())
    })
  }
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port: to, noDelay: true })
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    carry(near, far, true)
    carry(far, near, false)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  return { port: address.port, fall: (sick) => void (sickness = sick) }
}
