// Remote work goes through the OpenSSH client: one master connection for each node and run, keys pinned at first sight
// in the project's own known_hosts, commands quoted word by word so that no shell ever reinterprets them.
import type { Readable, Writable } from 'node:stream'
import { execa } from 'execa'
import { LifeboatError } from '../core/errors.ts'
import { exec } from './exec.ts'

export type SshTarget = {
  /** The node's identity in known_hosts (`provider/id`): an address that is given to another machine is noticed, a move of the machine is not. */
  readonly alias: string
  readonly address: string
  readonly port: number
  readonly user: string
  /** Path of a private key; null: whatever the agent offers. */
  readonly keyFile: string | null
  /** Socket of an agent that holds the one key to log in with; null: the environment's. */
  readonly agent: string | null
  readonly jump: string | null
  /** Run commands through `sudo -n`. */
  readonly sudo: boolean
}

export type SshPlaces = {
  readonly knownHosts: string
  /** A short private folder: the path of a socket has at most 107 bytes. Null: each call has a connection of its own, which ends with it. */
  readonly socketFolder: string | null
}

export type SshRunOptions = { readonly signal: AbortSignal; readonly deadlineMs?: number; readonly input?: string; readonly onLine?: (line: string) => void }
export type SshResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string }

export type Conversation = { readonly stdin: Writable; readonly stdout: Readable; readonly ended: Promise<void>; readonly kill: () => void }

/** A socket on the node, and where from here what connects to it is carried. */
export type Carried = { readonly socket: string; readonly address: string; readonly port: number }

export type Ssh = {
  readonly target: SshTarget
  /** Runs a command to its end; its exit code is the answer. Fails with ssh-unreachable, ssh-login, host-key-changed, timeout. */
  readonly run: (command: readonly string[], options: SshRunOptions) => Promise<SshResult>
  /**
   * Starts a command that talks on stdin and stdout for as long as the session lives. `carried`: the node listens on
   * this socket meanwhile, and what connects there is connected from here; a node that refuses ends the session.
   */
  readonly start: (command: readonly string[], carried?: Carried) => Conversation
  /** The same settings for ssh_config(5), under this name of a host: for programs that speak ssh themselves. */
  readonly config: (host: string) => string
  /** Ends the master connection. */
  readonly close: () => Promise<void>
}

/** Quotes one word for a POSIX shell. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

export function openSsh(target: SshTarget, places: SshPlaces): Ssh {
  const options = sshOptions(target, places)
  const destination = `${target.user}@${target.address}`
  const remote = (command: readonly string[]) => (target.sudo ? ['sudo', '-n', '--', ...command] : command).map(quote).join(' ')
  return {
    target,
    run: async (command, run) => {
      const result = await exec('ssh', [...options, destination, remote(command)], {
        signal: run.signal,
        deadlineMs: run.deadlineMs ?? 60_000,
        ...(run.input === undefined ? {} : { input: run.input }),
        ...(run.onLine === undefined ? {} : { onLine: run.onLine }),
      })
      if (result.exitCode === 255) throwIfConnectionFailed(target, result.stderr)
      return result
    },
    config: (host) => configOf(host, target, options),
    start: (command, carried) => {
      const words = carried === undefined ? options : carrying(sshOptions(target, { ...places, socketFolder: null }), carried)
      const child = execa('ssh', [...words, destination, remote(command)], { reject: false, buffer: false, stdin: 'pipe', stderr: 'ignore' })
      return { stdin: child.stdin, stdout: child.stdout, ended: child.then(() => undefined), kill: () => void child.kill() }
    },
    close: async () => {
      const stop = { signal: AbortSignal.timeout(5000), deadlineMs: 5000 }
      await exec('ssh', [...options, '-O', 'exit', destination], stop).catch(() => undefined)
    },
  }
}

function sshOptions(target: SshTarget, places: SshPlaces): readonly string[] {
  const common = [
    'BatchMode=yes',
    'ConnectTimeout=10',
    'ServerAliveInterval=5',
    'ServerAliveCountMax=3',
    'StrictHostKeyChecking=accept-new',
    `UserKnownHostsFile=${asValue(places.knownHosts)}`,
    'GlobalKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    ...(target.keyFile === null ? [] : [`IdentityFile=${asValue(target.keyFile)}`, 'IdentitiesOnly=yes']),
    // Without `none` ssh would also offer the default keys of whoever runs it.
    ...(target.agent === null ? [] : [`IdentityAgent=${asValue(target.agent)}`, 'IdentityFile=none']),
  ]
  const own = [`HostKeyAlias=${target.alias}`, ...(places.socketFolder === null ? ['ControlMaster=no', 'ControlPath=none'] : sharing(places.socketFolder))]
  const jump = target.jump === null ? [] : [`ProxyCommand=${throughJump(target.jump, common)}`]
  return ['-F', '/dev/null', '-p', String(target.port), ...[...common, ...own, ...jump].flatMap((setting) => ['-o', setting])]
}

/** On a connection of its own: a shared one would go on carrying when the session has ended. */
function carrying(options: readonly string[], { socket, address, port }: Carried): readonly string[] {
  return [...options, '-o', 'ExitOnForwardFailure=yes', '-R', `${socket}:${address.includes(':') ? `[${address}]` : address}:${port}`]
}

function configOf(host: string, target: SshTarget, options: readonly string[]): string {
  const settings = options.filter((_, index) => options[index - 1] === '-o')
  return [`Host ${host}`, `HostName ${target.address}`, `User ${target.user}`, `Port ${target.port}`, ...settings].join('\n  ')
}

/** A path as the value of an option: ssh splits values at spaces, and replaces what follows a percent sign. */
function asValue(path: string): string {
  return `"${path.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`
}

/** `-J` would hand on none of our options: the jump host is reached with the same key, and its host key is pinned in the same place. */
function throughJump(jump: string, settings: readonly string[]): string {
  const words = ['ssh', '-F', '/dev/null', ...settings.flatMap((setting) => ['-o', setting]), `ssh://${jump}`]
  // ssh replaces what follows a percent sign before a shell reads the line.
  return `${words.map((word) => quote(word).replaceAll('%', '%%')).join(' ')} -W '[%h]:%p'`
}

function sharing(socketFolder: string): readonly string[] {
  return ['ControlMaster=auto', `ControlPath=${asValue(socketFolder).slice(0, -1)}/%C"`, 'ControlPersist=30']
}

/** 255 is ssh's own failure or, rarely, the command's; only a known sentence of ssh makes it a failure of the connection. */
function throwIfConnectionFailed(target: SshTarget, stderr: string): void {
  // rsync hands on the 255 and the words of an ssh that it started over there: that one could not reach another node.
  if (/^rsync error: /m.test(stderr)) return
  const where = `${target.user}@${target.address}:${target.port}`
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/.test(stderr)) {
    throw new LifeboatError('host-key-changed', `The ssh host key of ${target.alias} (${where}) is not the one seen before.`, {
      details: { address: target.address },
    })
  }
  if (/Permission denied|Too many authentication failures|no mutual signature/i.test(stderr)) {
    throw new LifeboatError('ssh-login', `The node ${where} did not accept our key.`, { details: { address: target.address } })
  }
  const reason =
    /(Connection (?:refused|timed out|closed|reset)|No route to host|Network is unreachable|Could not resolve hostname|Operation timed out|not responding|Broken pipe|kex_exchange_identification|Connection to .* closed|mux_client|Control socket)[^\r\n]*/.exec(
      stderr,
    )
  if (reason !== null || stderr.trim() === '') {
    throw new LifeboatError('ssh-unreachable', `The node ${where} does not answer over ssh: ${reason?.[0] ?? 'the connection ended'}.`, {
      details: { address: target.address },
    })
  }
}
