// A real ssh server on loopback that knows the keys it is told, and nothing else of this machine.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { waitUntil } from '../../src/io/wait.ts'
import { freePort } from './dns-server.ts'

const run = promisify(execFile)
const sshd = '/usr/sbin/sshd'
/** As root sshd wants a folder below /run, which this machine need not have: it gets a /run of its own. Its sessions end with it. */
const ownRun = [
  'unshare',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child=KILL',
  'sh',
  '-c',
  'mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && eval "$LIFEBOAT_PREPARE" && exec "$@"',
  'sshd',
]

export type SshServer = {
  readonly folder: string
  readonly port: number
  readonly user: string
  /** Makes a key (`ssh-keygen -N passphrase`) and answers the path of its private half. */
  readonly makeKey: (name: string, passphrase?: string) => Promise<string>
  /** Lets this key in; with a command it runs that, whatever it asks for. */
  readonly authorize: (keyFile: string, command?: string) => Promise<void>
  readonly log: () => string
  /** The process that listens; its sessions are below it. */
  readonly pid: () => number
}

export type SshServerOptions = {
  /** Further lines of sshd_config. */
  readonly lines?: (folder: string) => readonly string[]
  /** A shell command that prepares the mounts of the server, which are its own (as root); $FOLDER is its folder. */
  readonly prepare?: string
}

export async function startSshd(t: TestContext, options: SshServerOptions = {}): Promise<SshServer> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-sshd-'))
  t.after(async () => await rm(folder, { recursive: true, force: true }))
  const makeKey = async (name: string, passphrase = ''): Promise<string> => {
    const file = join(folder, name)
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', file])
    return file
  }
  const port = await freePort()
  const keys = join(folder, 'authorized_keys')
  await writeFile(keys, '')
  const lines = [`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${await makeKey('host')}`, `AuthorizedKeysFile ${keys}`]
  // SHLVL: bash leaves out what whoever runs the tests has in .bashrc, which may take a minute.
  const strict = ['PasswordAuthentication no', 'UsePAM no', 'StrictModes no', 'PidFile none', 'LogLevel VERBOSE', 'SetEnv SHLVL=1']
  await writeFile(join(folder, 'sshd_config'), [...lines, ...strict, ...(options.lines?.(folder) ?? []), ''].join('\n'))
  const words = [...(userInfo().uid === 0 ? ownRun : []), sshd, '-D', '-e', '-f', join(folder, 'sshd_config')]
  const child = spawn(words[0] ?? sshd, words.slice(1), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LIFEBOAT_PREPARE: options.prepare ?? 'true', FOLDER: folder },
  })
  let told = ''
  child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()))
  t.after(async () => {
    const gone = once(child, 'close')
    if (child.exitCode === null && child.kill('SIGKILL')) await gone
  })
  const listens = async () => {
    if (child.exitCode !== null) throw new Error(`sshd ended by itself: ${told}`)
    return await Promise.resolve(told.includes('Server listening') ? true : null)
  }
  await waitUntil(listens, { what: 'The start of sshd', deadlineMs: 10_000, everyMs: 20, signal: AbortSignal.timeout(15_000) })
  return {
    folder,
    port,
    user: userInfo().username,
    makeKey,
    authorize: async (keyFile, command) => {
      const options = command === undefined ? '' : `restrict,command="${command}" `
      await appendFile(keys, `${options}${await readFile(`${keyFile}.pub`, 'utf8')}`)
    },
    log: () => told,
    pid: () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')) || (child.pid ?? 0),
  }
}
