// A link that is slow and far: a TCP relay with a delay and a rate that all its connections share. It works on streams,
// so it shows the round trips that protocols and handshakes above TCP pay, not TCP's own slow start.
import { connect, createServer, type Socket } from 'node:net'

export type Link = {
  /** Milliseconds from one end to the other. */
  readonly delayMs: number
  /** Bytes a second of all connections together, each direction for itself. */
  readonly bytesPerSecond: number
}

export type Relay = { readonly port: number; readonly stop: () => Promise<void> }

/** One direction of the wire: when the next byte may leave. */
type Wire = { freeAt: number }

export type RelaySpec = {
  readonly link: Link
  /** Shared with the relays of the same link; a relay alone may leave it out. */
  readonly wires?: { readonly there: Wire; readonly back: Wire }
  readonly listen?: { readonly address: string; readonly port: number }
  readonly to: { readonly address: string; readonly port: number }
  /** Source address of the connections that it makes. */
  readonly from?: string
}

/** Bytes on the way in one direction of one connection before the sender is stopped. */
const windowBytes = 4 * 1024 * 1024

export async function startRelay(spec: RelaySpec): Promise<Relay> {
  const { there, back } = spec.wires ?? { there: { freeAt: 0 }, back: { freeAt: 0 } }
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    // Each piece that waits for room listens for it.
    socket.setMaxListeners(0)
    socket.once('close', () => sockets.delete(socket))
    // Each end learns of the other's failure below.
    socket.on('error', () => undefined)
  }
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const target = connect({
      host: spec.to.address,
      port: spec.to.port,
      allowHalfOpen: true,
      ...(spec.from === undefined ? {} : { localAddress: spec.from }),
    })
    keep(client)
    keep(target)
    target.once('connect', () => {
      // Opening takes a round trip.
      setTimeout(() => {
        carry(client, target, spec.link, there)
        carry(target, client, spec.link, back)
      }, spec.link.delayMs * 2)
    })
    target.once('close', (failed) => (failed ? client.resetAndDestroy() : undefined))
    client.once('close', (failed) => (failed ? target.resetAndDestroy() : undefined))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(spec.listen?.port ?? 0, spec.listen?.address ?? '127.0.0.1', resolve)
  })
  server.unref()
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function carry(from: Socket, to: Socket, link: Link, wire: Wire): void {
  let onTheWay = 0
  // Timers count whole milliseconds, so a later one may fire first: what goes next is what came first.
  const inOrder: (() => void)[] = []
  const deliver = (size: number, act: () => void) => {
    const now = performance.now()
    wire.freeAt = Math.max(now, wire.freeAt) + (size / link.bytesPerSecond) * 1000
    inOrder.push(act)
    setTimeout(() => inOrder.shift()?.(), wire.freeAt - now + link.delayMs)
  }
  from.on('data', (bytes) => {
    onTheWay += bytes.length
    if (onTheWay >= windowBytes) from.pause()
    deliver(bytes.length, () => {
      const arrived = () => {
        onTheWay -= bytes.length
        if (onTheWay < windowBytes) from.resume()
      }
      if (to.destroyed) arrived()
      else to.write(bytes, arrived)
    })
  })
  from.once('end', () => deliver(0, () => to.end()))
  from.resume()
}
