// A node as the workflows see it: ssh for reading, the helper for every effect. The helper is put there when needed.
import { readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { Duplex, type Readable } from 'node:stream'
import { LifeboatError } from '../core/errors.ts'
import { quote, type Ssh, type SshResult, type SshRunOptions } from '../io/ssh.ts'
import { openChannel, type Answer, type Channel, type Request } from './channel.ts'
import { keepRelay, type Relay } from './relay.ts'

export type Link = {
  readonly address: string
  readonly port: number
  readonly user: string
  readonly folder: string
  readonly run: (command: readonly string[], options: SshRunOptions) => Promise<SshResult>
  /** How it is reached, for ssh_config(5) under this name of a host. */
  readonly sshConfig: (host: string) => string
  /** Speaks to the helper, opening the line when it is not. */
  readonly call: (request: Request, signal: AbortSignal, deadlineMs?: number) => Promise<Answer>
  /** A connection from this node to a port of the other side, which lets its peer pass while it holds everybody else. */
  readonly dialPeer: (port: number, signal: AbortSignal) => Promise<Duplex>
  /** A connection to a port of the services that are rehearsed on this node. */
  readonly dialRehearsed: (port: number, signal: AbortSignal) => Promise<Duplex>
  /** Carries this node's ssh to the other side from now on, until the link is closed; answers whether the way stands within the time. */
  readonly carryPeer: (to: { readonly address: string; readonly port: number }, deadlineMs: number, signal: AbortSignal) => Promise<boolean>
  /** Puts the helper of this build on the node and starts it; does nothing when it is there and runs. */
  readonly install: (signal: AbortSignal) => Promise<void>
  /** Whether the helper of this move is on the node, running or not. */
  readonly isInstalled: (signal: AbortSignal) => Promise<boolean>
  readonly close: () => Promise<void>
}

/** `helperFile` answers the path of the static program for a machine name as `uname -m` prints it. */
export function linkNode(ssh: Ssh, move: string, helperFile: (machine: string) => string): Link {
  const folder = `/var/lib/lifeboat/${move}`
  const dialling = [`${folder}/lifeboat-helper`, 'dial', '--move', move, '--port']
  let channel: Channel | null = null
  let relay: Relay | null = null
  return {
    address: ssh.target.address,
    port: ssh.target.port,
    user: ssh.target.user,
    folder,
    run: ssh.run,
    sshConfig: ssh.config,
    call: async (request, signal, deadlineMs) => {
      if (channel === null || !channel.isOpen()) channel = openChannel(ssh, move)
      return await channel.call(request, signal, deadlineMs)
    },
    dialPeer: async (port, signal) => await dial(ssh, [...dialling, String(port)], signal, 'the other side'),
    dialRehearsed: async (port, signal) => await dial(ssh, [...dialling, String(port), '--rehearsal'], signal, 'what is rehearsed'),
    carryPeer: async (to, deadlineMs, signal) => {
      relay ??= keepRelay(ssh, move, to)
      return await relay.stands(deadlineMs, signal).then(
        () => true,
        () => {
          signal.throwIfAborted()
          return false
        },
      )
    },
    install: async (signal) => await installHelper(ssh, move, folder, helperFile, signal),
    isInstalled: async (signal) => (await ssh.run(['test', '-e', `${folder}/lifeboat-helper`], { signal })).exitCode === 0,
    close: async () => {
      channel?.close()
      relay?.close()
      relay = null
      await ssh.close()
    },
  }
}

async function dial(ssh: Ssh, command: readonly string[], signal: AbortSignal, whom: string): Promise<Duplex> {
  const talk = ssh.start(command)
  const socket = Duplex.from({ readable: talk.stdout, writable: talk.stdin })
  socket.once('close', talk.kill)
  // A node that goes in the middle ends the stream; whoever reads it sees that.
  socket.on('error', () => undefined)
  try {
    const line = await firstLine(talk.stdout, signal)
    if (line !== 'connected') throw new LifeboatError('node-failed', `${ssh.target.address} cannot connect to ${whom}.`)
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** The first line of a stream, and not a byte more; empty when it ended before. */
async function firstLine(stream: Readable, signal: AbortSignal): Promise<string> {
  let line = ''
  while (!line.endsWith('\n') && !stream.readableEnded) {
    // Without an encoding a stream gives buffers.
    const byte = stream.read(1) as Buffer | null
    if (byte === null)
      await new Promise<void>((resolve, reject) => {
        stream.once('readable', resolve)
        stream.once('end', resolve)
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      })
    else line += byte.toString('latin1')
  }
  return line.trimEnd()
}

async function installHelper(ssh: Ssh, move: string, folder: string, helperFile: (machine: string) => string, signal: AbortSignal): Promise<void> {
  const machine = (await expectDone(ssh, ['uname', '-m'], { signal })).stdout.trim()
  const program = await readFile(helperFile(machine))
  const wanted = createHash('sha256').update(program).digest('hex')
  const found = await ssh.run(['sha256sum', `${folder}/lifeboat-helper`], { signal })
  if (!found.stdout.startsWith(wanted)) {
    const place = `${folder}/lifeboat-helper`
    const receive = `umask 077; mkdir -p ${quote(folder)} && base64 -d > ${quote(`${place}.new`)} && chmod 755 ${quote(`${place}.new`)} && mv ${quote(`${place}.new`)} ${quote(place)}`
    await expectDone(ssh, ['sh', '-c', receive], { signal, input: program.toString('base64'), deadlineMs: 120_000 })
  }
  await expectDone(ssh, [`${folder}/lifeboat-helper`, 'install', '--move', move], { signal })
}

async function expectDone(ssh: Ssh, command: readonly string[], options: SshRunOptions): Promise<SshResult> {
  const result = await ssh.run(command, options)
  if (result.exitCode === 0) return result
  const words = result.stderr.trim().split('\n').at(-1) ?? ''
  throw new LifeboatError('node-failed', `\`${command[0] ?? ''}\` on ${ssh.target.address} ended with ${result.exitCode}: ${words}`, {
    details: { address: ssh.target.address },
  })
}
