// DNS messages over TCP: the only file that opens a connection to a name server.
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { LifeboatError } from '../core/errors.ts'

export type Endpoint = { readonly address: string; readonly port: number }

export type WireOptions = {
  readonly signal: AbortSignal
  /** Milliseconds for all of it: connection and every answer. */
  readonly deadlineMs: number
}

/** How an endpoint reads in a sentence: the usual port is not said. */
export function endpointText({ address, port }: Endpoint): string {
  if (port === 53) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/**
 * Sends all messages over one connection and answers one reply for each, in the order sent. A server may answer out of
 * order (RFC 7766 §6.2.1.1), so replies are matched by their identifier: the messages must carry different ones.
 * Fails with `dns-unreachable`; an abort rethrows the signal's reason.
 */
export async function exchangeMessages(endpoint: Endpoint, messages: readonly Uint8Array[], options: WireOptions): Promise<Buffer[]> {
  options.signal.throwIfAborted()
  if (messages.length === 0) return []
  const where = endpointText(endpoint)
  const replies = new Map<number, Buffer>()
  const wanted = messages.map(identifierOf)
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const socket = connect({ host: endpoint.address, port: endpoint.port })
  const fail = (what: string, cause?: unknown) => {
    reject(new LifeboatError('dns-unreachable', `The name server ${where} ${what}.`, { cause }))
  }
  const abort = () => {
    reject(options.signal.reason)
  }
  const timer = setTimeout(() => fail(`did not answer within ${options.deadlineMs / 1000} s`), options.deadlineMs)
  options.signal.addEventListener('abort', abort, { once: true })
  socket.on('connect', () => socket.write(Buffer.concat(messages.map(framed))))
  socket.on('error', (error: NodeJS.ErrnoException) => fail(`does not answer (${error.code ?? error.message})`, error))
  socket.on('close', () => fail(`closed the connection after ${replies.size} of ${messages.length} answers`))
  const takeFrames = frameTaker((reply) => {
    if (reply.length >= 2 && wanted.includes(identifierOf(reply))) replies.set(identifierOf(reply), reply)
    if (replies.size === messages.length) resolve(undefined)
  })
  socket.on('data', takeFrames)
  try {
    await promise
  } finally {
    clearTimeout(timer)
    options.signal.removeEventListener('abort', abort)
    socket.destroy()
  }
  return wanted.map((identifier) => replies.get(identifier) ?? Buffer.alloc(0))
}

/** Whether this machine has an IPv6 address that reaches further than itself and its link. */
export function reachesIpv6(): boolean {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return addresses.some((one) => one.family === 'IPv6' && !one.internal && !one.address.toLowerCase().startsWith('fe80'))
}

/** Two bytes of length before each message (RFC 1035 §4.2.2). */
function framed(message: Uint8Array): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** Cuts a stream into messages; a frame is given on as soon as it is whole. */
function frameTaker(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0)
  return (chunk) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 2) {
      const end = 2 + pending.readUInt16BE()
      if (pending.length < end) return
      onFrame(Buffer.from(pending.subarray(2, end)))
      pending = pending.subarray(end)
    }
  }
}

function identifierOf(message: Uint8Array): number {
  return ((message[0] ?? 0) << 8) | (message[1] ?? 0)
}
