// Private keys that are given by their contents. Each is held by an ssh-agent of its own for as long as this process
// lives, and is written nowhere. An agent for each: ssh offers whatever an agent has, and a server hangs up after a few.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { LifeboatError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { exec, type ExecResult } from './exec.ts'

/** `socket` is for IdentityAgent; `publicKey` is one line for authorized_keys. */
export type HeldKey = { readonly socket: string; readonly publicKey: string }

export type Keyring = {
  /** The same key again gives the same agent. Fails with ssh-login when ssh-add does not take the key. `whose` begins that sentence. */
  readonly hold: (key: Secret, whose: string) => Promise<HeldKey>
  /** Ends the agents; those of a process that is killed end by themselves. */
  readonly close: () => Promise<void>
}

type Agent = { readonly key: HeldKey; readonly end: () => Promise<void> }

const deadlineMs = 10_000

/** `folder` is private and short: the path of a socket has at most 107 bytes. */
export function openKeyring(folder: string): Keyring {
  const agents = new Map<string, Promise<Agent>>()
  let number = 0
  // An agent removes its socket as it ends, which must not be that of its successor.
  const socketOf = (id: string): string => join(folder, `agent-${process.pid}-${id}-${++number}`)
  return {
    hold: async (key, whose) => {
      const contents = asWritten(key)
      const id = createHash('sha256').update(contents.reveal()).digest('hex').slice(0, 12)
      const known = agents.get(id)
      if (known !== undefined && (await answers(known))) return (await known).key
      // Whoever else found it dead may have begun the next one meanwhile.
      const begun = agents.get(id)
      const next = begun === undefined || begun === known ? startAgent(socketOf(id), contents, whose) : begun
      agents.set(id, next)
      next.catch(() => agents.delete(id))
      if (next !== begun) await known?.then(async ({ end }) => await end()).catch(() => undefined)
      return (await next).key
    },
    close: async () => {
      const ends = [...agents.values()].map(async (agent) => await (await agent).end())
      agents.clear()
      await Promise.allSettled(ends)
    },
  }
}

/** References lose their last newline, and some stores of secrets change them all; OpenSSH takes neither. */
function asWritten(key: Secret): Secret {
  return new Secret(`${key.reveal().replaceAll('\r\n', '\n').trimEnd()}\n`)
}

async function startAgent(socket: string, key: Secret, whose: string): Promise<Agent> {
  const agent = spawnAgent(socket)
  const end = async (): Promise<void> => {
    agent.stdin.end()
    await agent
    await rm(socket, { force: true })
  }
  try {
    await isReady(agent)
    await add(socket, key, whose)
    return { key: { socket, publicKey: await publicKeyIn(socket) }, end }
  } catch (error) {
    await end()
    throw error
  }
}

/** cat ends with our end of its pipe, however we go. An agent that is given a command would end with it, but looks only every 10 s. */
function spawnAgent(socket: string) {
  const command = ['sh', '-c', 'cat; kill "$SSH_AGENT_PID"']
  return execa('ssh-agent', ['-a', socket, ...command], { reject: false, buffer: false, stdin: 'pipe', stderr: 'ignore' })
}

/** The agent listens before it starts its command, so what comes back through cat says that it does. */
async function isReady(agent: ReturnType<typeof spawnAgent>): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMs)
  agent.stdin.on('error', () => undefined).write('\n')
  const [echo] = (await Promise.race([once(agent.stdout, 'data', { signal }), once(agent.stdout, 'end', { signal })]).catch(() => [])) as unknown[]
  if (echo !== undefined) return
  agent.kill()
  if ((await agent).code === 'ENOENT') throw new LifeboatError('tool-missing', 'The program ssh-agent is not installed here.')
  throw new LifeboatError('ssh-login', `The ssh-agent that shall hold a key did not start within ${deadlineMs / 1000} s.`)
}

/** Of what ssh-add says nothing is passed on: it may quote what it was given. */
async function add(socket: string, key: Secret, whose: string): Promise<void> {
  const result = await sshAdd(socket, ['-q', '-'], key.reveal())
  if (result.exitCode === 0) return
  const hasPassphrase = /passphrase/i.test(result.stderr)
  const why = hasPassphrase ? 'has a passphrase, for which nobody can be asked here' : 'is no private key that ssh-add can read'
  throw new LifeboatError('ssh-login', `${whose} ${why}.`)
}

async function answers(agent: Promise<Agent>): Promise<boolean> {
  return await agent.then(async ({ key }) => (await publicKeyIn(key.socket)) === key.publicKey).catch(() => false)
}

/** Type and key, without the comment: that is whatever stood in the file. */
async function publicKeyIn(socket: string): Promise<string> {
  const { exitCode, stdout } = await sshAdd(socket, ['-L'])
  const [type, body] = stdout.split(' ')
  if (exitCode !== 0 || type === undefined || body === undefined) throw new LifeboatError('ssh-login', 'The ssh-agent does not have the key that it was given.')
  return `${type} ${body.trim()}`
}

async function sshAdd(socket: string, args: readonly string[], input?: string): Promise<ExecResult> {
  return await exec('ssh-add', args, {
    signal: AbortSignal.timeout(deadlineMs),
    deadlineMs,
    environment: { SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' },
    ...(input === undefined ? {} : { input }),
  })
}
