// A client that writes one number after the other and keeps which were acknowledged: each until it is, over new
// connections where the old one ended. A write that failed may have been made; one that was acknowledged must be there.
import { connect, type Socket } from 'node:net'
import { createHash } from 'node:crypto'
import { sleep } from '../../src/io/wait.ts'

export type Client = { readonly write: (id: number) => Promise<void>; readonly close: () => void }
export type Written = { readonly acknowledged: readonly number[]; readonly failed: number; readonly longestMs: number }

/** Writes until it is stopped. */
export function startWriter(open: (signal: AbortSignal) => Promise<Client>, { everyMs = 5 } = {}): { readonly stop: () => Promise<Written> } {
  const over = new AbortController()
  const acknowledged: number[] = []
  let [failed, longestMs] = [0, 0]
  const work = async () => {
    let client: Client | null = null
    for (let id = 1; !over.signal.aborted; id++) {
      const began = performance.now()
      while (!over.signal.aborted) {
        try {
          client ??= await open(over.signal)
          await client.write(id)
          acknowledged.push(id)
          break
        } catch {
          failed++
          client?.close()
          client = null
          await sleep(10, over.signal).catch(() => undefined)
        }
      }
      if (!over.signal.aborted) longestMs = Math.max(longestMs, performance.now() - began)
      await sleep(everyMs, over.signal).catch(() => undefined)
    }
    client?.close()
  }
  const done = work()
  return {
    stop: async () => {
      over.abort()
      await done
      return { acknowledged, failed, longestMs }
    },
  }
}

/** A connection as packets: `cut` finds the first whole one in what has come. The signal ends it at any time. */
async function openSocket(address: string, port: number, cut: (bytes: Buffer) => number, signal: AbortSignal) {
  const socket: Socket = connect({ host: address, port, signal })
  // Whoever waits for an answer sees the end as well.
  socket.on('error', () => undefined)
  socket.setTimeout(30_000, () => socket.destroy(new Error('no answer for 30 s')))
  const chunks = socket[Symbol.asyncIterator]()
  let bytes = Buffer.alloc(0)
  const read = async (): Promise<Buffer> => {
    for (;;) {
      const length = cut(bytes)
      if (length > 0) {
        const packet = bytes.subarray(0, length)
        bytes = bytes.subarray(length)
        return packet
      }
      const came = await chunks.next()
      if (came.done === true) throw new Error('the connection ended')
      bytes = Buffer.concat([bytes, came.value as Buffer])
    }
  }
  return { socket, read, close: () => void socket.destroy() }
}

/** Redis: `key:ID` is set. */
export async function openRedis(address: string, password: string, signal: AbortSignal, port = 6379): Promise<Client> {
  const { socket, read, close } = await openSocket(address, port, (bytes) => (bytes.includes('\r\n') ? bytes.indexOf('\r\n') + 2 : 0), signal)
  const ask = async (command: string) => {
    socket.write(`${command}\r\n`)
    const reply = (await read()).toString()
    if (!reply.startsWith('+OK')) throw new Error(reply)
  }
  await ask(`AUTH ${password}`)
  return { write: async (id) => await ask(`SET key:${id} ${id}`), close }
}

/** MariaDB, by its protocol as https://mariadb.com/kb/en/clientserver-protocol/ tells it: a row of that number in shop.orders. */
export async function openMariadb(address: string, user: string, password: string, signal: AbortSignal, port = 3306): Promise<Client> {
  const { socket, read, close } = await openSocket(address, port, (bytes) => wholePacket(bytes), signal)
  const send = (number: number, body: Buffer) => socket.write(Buffer.concat([Buffer.from([body.length & 255, body.length >> 8, 0, number]), body]))
  const accept = async () => {
    const packet = await read()
    if (packet[4] === 255) throw new Error(packet.subarray(7).toString())
  }
  const greeting = (await read()).subarray(4)
  if (greeting[0] === 255) throw new Error(greeting.subarray(3).toString())
  send(1, login(user, scramble(password, saltOf(greeting))))
  await accept()
  return {
    write: async (id) => {
      send(0, Buffer.concat([Buffer.from([3]), Buffer.from(`insert ignore into shop.orders (id) values (${id})`)]))
      await accept()
    },
    close,
  }
}

function wholePacket(bytes: Buffer): number {
  const length = bytes.length < 4 ? Infinity : 4 + bytes.readUIntLE(0, 3)
  return bytes.length >= length ? length : 0
}

/** 8 bytes after version and thread, and 12 more after the flags. */
function saltOf(greeting: Buffer): Buffer {
  const at = greeting.indexOf(0, 1) + 1 + 4
  return Buffer.concat([greeting.subarray(at, at + 8), greeting.subarray(at + 27, at + 39)])
}

function scramble(password: string, salt: Buffer): Buffer {
  const sha = (...parts: Buffer[]) => createHash('sha1').update(Buffer.concat(parts)).digest()
  const first = sha(Buffer.from(password))
  const mask = sha(salt, sha(first))
  return Buffer.from(first.map((byte, index) => byte ^ (mask[index] ?? 0)))
}

function login(user: string, proof: Buffer): Buffer {
  // CLIENT_LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH.
  const head = Buffer.alloc(32)
  head.writeUInt32LE(0x1 | 0x200 | 0x8000 | 0x80000, 0)
  head.writeUInt32LE(1 << 24, 4)
  head[8] = 45
  return Buffer.concat([head, Buffer.from(`${user}\0`), Buffer.from([proof.length]), proof, Buffer.from('mysql_native_password\0')])
}
