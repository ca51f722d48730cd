// An ssh connection of the ladder, opened rung by rung: tcp, banner, kex, auth. In JavaScript (ssh2), as OpenSSH does not
// tell when each of them came.
import { once } from 'node:events'
import { Socket } from 'node:net'
import { Client, type ConnectConfig, type ServerHostKeyAlgorithm } from 'ssh2'
import type { Secret } from '../core/secret.ts'
import { pinned, type Pinned } from '../io/known-hosts.ts'
import { attempt, notTried, type Try, type Where } from './attempt.ts'
import { openTerminal, type Terminal } from './terminal.ts'

/** Contents of a private key, or the socket of an agent. Null: there is neither, so nobody can log in. */
export type Login = { readonly key: Secret } | { readonly agent: string } | null

export type SshPlace = {
  readonly address: string
  readonly port: number
  readonly user: string
  readonly login: Login
  /** Commands run through `sudo -n`. */
  readonly sudo: boolean
  readonly knownHosts: string
  /** The node's name in known_hosts: `provider/id`. */
  readonly alias: string
}

export type Ran = { readonly exitCode: number; readonly stderr: string }

export type Line = {
  readonly run: (command: string, signal: AbortSignal) => Promise<Ran>
  /** A terminal on the node that sends back what is typed; opened by the first who asks, closed with the line. */
  readonly terminal: () => Promise<Terminal>
  readonly isOpen: () => boolean
  /** Nothing that it began on the node goes on. */
  readonly close: () => void
}

const stages = ['tcp', 'banner', 'kex', 'auth'] as const
type Stage = (typeof stages)[number]
/** Milliseconds; slower than any healthy node, and short enough that a sick one is known within a minute. */
const deadlines: Readonly<Record<Stage, number>> = { tcp: 2000, banner: 3000, kex: 3000, auth: 4000 }

/** Opens a fresh connection. The rungs above one that fails are not tried. Throws the reason of `signal` alone. */
export async function openLine(place: SshPlace, signal: AbortSignal): Promise<{ readonly tries: readonly Try[]; readonly line: Line | null }> {
  const tries: Try[] = []
  const [socket, client] = [new Socket(), new Client()]
  const give = async (rung: Stage, act: () => Promise<unknown>): Promise<boolean> => {
    const { tried } = await attempt(whereOf(rung), deadlines[rung], signal, act)
    tries.push(tried)
    return tried.outcome === 'ok'
  }
  const line = lineOf(client, socket, place.sudo)
  try {
    const steps = climbing(place, await pinned(place.knownHosts, place.alias), socket, client)
    for (const [nth, rung] of stages.entries()) {
      if (rung === 'auth' && place.login === null) tries.push(notTried(whereOf(rung), 'there is no key to log in with'))
      else if (await give(rung, steps[rung])) continue
      line.close()
      return { tries: [...tries, ...stages.slice(nth + 1).map((above) => notTried(whereOf(above), `${rung} failed`))], line: null }
    }
    return { tries, line }
  } catch (reason) {
    line.close()
    throw reason
  }
}

function whereOf(rung: Stage): Where {
  return { rung, connection: 'fresh' }
}

/** What each stage waits for. All is listened to from the beginning: one packet may bring two of them. */
function climbing(place: SshPlace, pin: Pinned, socket: Socket, client: Client): Readonly<Record<Stage, () => Promise<void>>> {
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  const fail = (error: Error): void => failed.reject(error)
  socket.on('error', fail)
  client.on('error', fail)
  socket.once('close', () => fail(new Error('the connection was closed')))
  const unless = async (event: Promise<unknown>): Promise<void> => void (await Promise.race([event, failed.promise]))
  const heard = { tcp: happens(socket, 'connect'), banner: happens(socket, 'data'), kex: happens(client, 'handshake'), auth: happens(client, 'ready') }
  // At once: what the node says before ssh2 listens would be lost.
  socket.once('connect', () => {
    try {
      client.connect({ ...settingsOf(place, pin, fail), sock: socket })
    } catch {
      // Of a key that it cannot read; its words may quote it.
      fail(new Error('the key to log in with cannot be read'))
    }
  })
  return {
    tcp: async () => {
      socket.setNoDelay(true)
      socket.connect({ host: place.address, port: place.port })
      await unless(heard.tcp)
    },
    banner: async () => await unless(heard.banner),
    kex: async () => await unless(heard.kex),
    auth: async () => await unless(heard.auth),
  }
}

async function happens(emitter: Socket | Client, event: string): Promise<void> {
  await new Promise<void>((resolve) => void (emitter as NodeJS.EventEmitter).once(event, () => resolve()))
}

function settingsOf({ user, login, alias }: SshPlace, pin: Pinned, fail: (error: Error) => void): ConnectConfig {
  return {
    username: user,
    readyTimeout: 0,
    ...(login === null ? {} : 'agent' in login ? { agent: login.agent } : { privateKey: login.key.reveal() }),
    ...(pin.kinds.length === 0 ? {} : { algorithms: { serverHostKey: pin.kinds.flatMap(algorithmsOf) } }),
    // An answer that comes later would find ssh2 waiting for ever, when the packet after it has come already.
    hostVerifier: (key: Buffer): boolean => {
      const isRight = pin.accept(key)
      if (!isRight) fail(new Error(`the host key of ${alias} is not the one seen before`))
      return isRight
    },
  }
}

/** A server that has several keys has to show one that is known; with an RSA key it signs by a newer hash. */
function algorithmsOf(kind: string): ServerHostKeyAlgorithm[] {
  return (kind === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [kind]) as ServerHostKeyAlgorithm[]
}

function lineOf(client: Client, socket: Socket, sudo: boolean): Line {
  let terminal: Promise<Terminal> | null = null
  let isOpen = true
  socket.once('close', () => (isOpen = false))
  return {
    run: async (command, signal) => await run(client, sudo ? `sudo -n -- sh -c '${command.replaceAll("'", `'\\''`)}'` : command, signal),
    terminal: async () => await (terminal ??= openTerminal(client)),
    isOpen: () => isOpen,
    close: () => {
      isOpen = false
      // Says goodbye, and does not wait for an answer from a node that may have none.
      client.end()
      socket.destroySoon()
      setTimeout(() => socket.destroy(), 1000).unref()
    },
  }
}

async function run(client: Client, command: string, signal: AbortSignal): Promise<Ran> {
  const channel = await new Promise<import('ssh2').ClientChannel>((resolve, reject) => {
    client.exec(command, (error, opened) => (error === undefined ? resolve(opened) : reject(error)))
  })
  let stderr = ''
  channel.resume()
  channel.stderr.on('data', (chunk: Buffer) => (stderr = `${stderr}${chunk.toString()}`.slice(-1000)))
  const abandon = (): void => channel.close()
  signal.addEventListener('abort', abandon, { once: true })
  try {
    // Signals of its own end have a name instead of a number.
    const [code] = (await once(channel, 'close')) as [number | null | undefined]
    return { exitCode: code ?? 255, stderr: stderr.trim() }
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}
