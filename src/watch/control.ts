// A control target: something well known that has nothing to do with the nodes. Its rungs tell an observer whether it is
// itself what is not well.
import { once } from 'node:events'
import http from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import tls from 'node:tls'
import { attempt, notTried, type Try, type Where } from './attempt.ts'
import type { Ladder } from './ladder.ts'

const deadlines = { tcp: 3000, banner: 4000, app: 5000 } as const
const ports: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80, 'ssh:': 22, 'tls:': 443 }

/** https: connection, certificate, answer; http: connection, answer; tls:, ssh: connection, certificate or banner; any other scheme: the connection. */
export function openControl(target: string): Ladder {
  const url = new URL(target)
  return { round: async (signal) => await climb(url, signal), close: () => undefined }
}

async function climb(url: URL, signal: AbortSignal): Promise<readonly Try[]> {
  const on = (rung: Where['rung']): Where => ({ rung, connection: 'fresh' })
  const connected = await attempt(on('tcp'), deadlines.tcp, signal, async (stop) => await reach(url, stop))
  if (connected.value === null) return [connected.tried, ...above(url).map((rung) => notTried(on(rung), 'tcp failed'))]
  let socket = connected.value
  const tries: Try[] = [connected.tried]
  try {
    for (const rung of above(url)) {
      const { tried, value } = await attempt(
        on(rung),
        deadlines[rung],
        signal,
        async (stop) => await (rung === 'app' ? answered(url, socket, stop) : greeted(url, socket, stop)),
      )
      tries.push(tried)
      if (value === null) break
      socket = value
    }
    return [
      ...tries,
      ...above(url)
        .slice(tries.length - 1)
        .map((rung) => notTried(on(rung), `${tries.at(-1)?.rung} failed`)),
    ]
  } finally {
    socket.destroy()
  }
}

function above({ protocol }: URL): readonly ('banner' | 'app')[] {
  if (protocol === 'https:') return ['banner', 'app']
  if (protocol === 'http:') return ['app']
  return protocol === 'ssh:' || protocol === 'tls:' ? ['banner'] : []
}

async function reach(url: URL, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || (ports[url.protocol] ?? 443), noDelay: true })
  await heard(socket, 'connect', signal)
  return socket
}

async function greeted({ protocol, hostname }: URL, socket: Socket, signal: AbortSignal): Promise<Socket> {
  if (protocol === 'ssh:') {
    await heard(socket, 'data', signal)
    return socket
  }
  const secure = tls.connect({ socket, host: hostname, ...(isIP(hostname) === 0 ? { servername: hostname } : {}) })
  await heard(secure, 'secureConnect', signal)
  return secure
}

/** Whatever it answers, it answers. */
async function answered(url: URL, socket: Socket, signal: AbortSignal): Promise<Socket> {
  const asked = http.request(url, { protocol: 'http:', method: 'HEAD', signal, headers: { connection: 'close' }, createConnection: () => socket })
  const answer = once(asked, 'response', { signal })
  asked.end()
  await answer
  return socket
}

async function heard(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  try {
    await Promise.race([once(socket, event, { signal }), once(socket, 'close', { signal }).then(() => Promise.reject(new Error('the connection was closed')))])
  } catch (error) {
    socket.destroy()
    throw error
  }
}
