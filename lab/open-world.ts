// The outside of an open world: starts it, finds it again, asks it, ends it.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { createServer } from 'node:net'
import path from 'node:path'
import { z } from 'zod'
import { waitUntil } from '../src/io/wait.ts'
import { openWorldFolder, socketName, specOf, type Choice } from './serve-world.ts'
import { startTime } from './start-time.ts'

const recordSchema = z.object({ pid: z.number(), startTime: z.string(), pidNamespace: z.string() })
const recordFile = path.join(openWorldFolder, 'world.json')
const log = path.join(openWorldFolder, 'log')

/** The process outside of the world that holds it. A pid alone may meanwhile be somebody else's, here or in a container. */
function holder(): number | null {
  if (!existsSync(recordFile)) return null
  const record = recordSchema.safeParse(JSON.parse(readFileSync(recordFile, 'utf8')))
  if (!record.success) return null
  const { pid, startTime: started, pidNamespace } = record.data
  if (pidNamespace !== readlinkSync('/proc/self/ns/pid')) throw new Error(`The world in ${openWorldFolder} is of another container (${pidNamespace}).`)
  return startTime(pid) === started ? pid : null
}

export function worldIsUp(): boolean {
  return holder() !== null
}

/** Starts a world in the background; answers its status once it is ready. */
export async function bringUp(choice: Choice): Promise<string> {
  specOf(choice)
  if (worldIsUp()) throw new Error('There is a world already. Try: npm run lab -- status, or down')
  rmSync(openWorldFolder, { recursive: true, force: true })
  mkdirSync(openWorldFolder, { recursive: true, mode: 0o700 })
  const output = openSync(log, 'a')
  const script = path.join(import.meta.dirname, 'lab.ts')
  const child = spawn(process.execPath, [script, 'serve', '--from', choice.from, '--to', choice.to], { detached: true, stdio: ['ignore', output, output] })
  const pid = child.pid ?? 0
  child.unref()
  writeFileSync(recordFile, JSON.stringify({ pid, startTime: startTime(pid), pidNamespace: readlinkSync('/proc/self/ns/pid') }))
  await waitUntil(
    async () => {
      if (!worldIsUp()) throw new Error(`The world ended while it started: ${readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n')}`)
      return await Promise.resolve(existsSync(path.join(openWorldFolder, socketName)) ? true : null)
    },
    { what: `The start of a world (log: ${log})`, deadlineMs: 120_000, everyMs: 50, signal: new AbortController().signal },
  )
  return await askWorld('/status', {})
}

/** Ends it in order, or at once when it does not answer. False: there was none. */
export async function bringDown(): Promise<boolean> {
  const pid = holder()
  if (pid === null) return false
  await askWorld('/down', {}).catch(() => undefined)
  const gone = async () => await Promise.resolve(worldIsUp() ? null : true)
  const until = { what: 'The end of the world', everyMs: 50, signal: new AbortController().signal }
  await waitUntil(gone, { ...until, deadlineMs: 30_000 }).catch(async () => {
    process.kill(pid, 'SIGKILL')
    await waitUntil(gone, { ...until, deadlineMs: 10_000 })
  })
  rmSync(openWorldFolder, { recursive: true, force: true })
  return true
}

/** Asks the world's own process to do something; its answer is text for people. */
export async function askWorld(where: string, order: unknown): Promise<string> {
  needWorld()
  return await new Promise((resolve, reject) => {
    const request = http.request({ socketPath: socketName, path: where, method: 'POST', timeout: 120_000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(text))
      })
    })
    request.once('timeout', () => request.destroy(new Error('The world did not answer within 120 s.')))
    request.once('error', reject)
    request.end(JSON.stringify(order))
  })
}

/** A shell in the world, or on a node; answers its exit code. */
export async function openShell(node: string | undefined): Promise<number> {
  const first = firstProcess(needWorld())
  const into = ['--target', String(first), '--mount', '--net', '--pid']
  // What the world's first process was given, beside the caller's own environment (terminal, language).
  const given = readFileSync(`/proc/${first}/environ`, 'utf8').split('\0')
  const inside = given.filter((line) => /^(LIFEBOAT_LAB|XDG_RUNTIME_DIR|PULUMI_|PATH=)/.test(line))
  const network = `LIFEBOAT_LAB_NETWORK=${readlinkSync(`/proc/${first}/ns/net`)}`
  const program = node === undefined ? await worldShell() : await nodeShell(node)
  const child = spawn('nsenter', [...into, 'env', ...inside, network, ...program], { stdio: 'inherit' })
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

async function worldShell(): Promise<string[]> {
  const shop = path.join(openWorldFolder, 'shop')
  const start = `cd "$1" && PATH="$2:$PATH" && export PATH && exec "\${SHELL:-/bin/sh}"`
  return await Promise.resolve(['sh', '-c', start, 'sh', shop, path.join(openWorldFolder, 'bin')])
}

async function nodeShell(node: string): Promise<string[]> {
  const pid = (await askWorld('/pid', { node })).trim()
  return ['nsenter', '-t', pid, '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w', 'bash', '--login']
}

/** Listens on this machine's loopback under the same number and leads each connection into the world, until interrupted. */
export async function openPort(text: string): Promise<number> {
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? []
  if (port === undefined) throw new Error('open wants a port, or address:port.')
  needWorld()
  const server = createServer((near) => {
    const request = http.request({ socketPath: socketName, method: 'CONNECT', path: `${host}:${port}` })
    request.once('connect', (_, far) => {
      far.pipe(near).pipe(far)
      far.on('error', () => near.destroy())
      near.on('error', () => far.destroy())
    })
    request.once('error', () => near.destroy())
    request.end()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(Number(port), '127.0.0.1', resolve)
  })
  process.stderr.write(`127.0.0.1:${port} leads to ${host}:${port} of the world. Ctrl-C ends it.\n`)
  await new Promise((resolve) => process.once('SIGINT', resolve))
  server.close()
  process.exit(0)
}

/** Its holder's pid. The socket is named relative to the folder, see serve-world.ts. */
function needWorld(): number {
  const pid = holder()
  if (pid === null) throw new Error('There is no world. Try: npm run lab -- up')
  process.chdir(openWorldFolder)
  return pid
}

/** Below the holder: unshare, and its child is the first process of the world. */
function firstProcess(pid: number): number {
  const child = (of: number) => Number(readFileSync(`/proc/${of}/task/${of}/children`, 'utf8').trim().split(' ')[0])
  return child(child(pid))
}
