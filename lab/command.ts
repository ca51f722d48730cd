// Programs that the lab runs on this machine.
import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { Socket } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { exec, type ExecResult } from '../src/io/exec.ts'
import { worldFolder } from './place.ts'

export type RunOptions = { readonly input?: string; readonly deadlineMs?: number; readonly environment?: Readonly<Record<string, string>> }

/** Runs a program to its end, whatever its exit code. The deadline is 30 s unless said otherwise. */
export async function attempt(program: string, args: readonly string[], options: RunOptions = {}): Promise<ExecResult> {
  return await exec(program, args, { signal: new AbortController().signal, ...options, deadlineMs: options.deadlineMs ?? 30_000 })
}

/** Runs a program to its end and answers what it wrote; any exit code but 0 is an error with what it complained about. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await attempt(program, args, options)
  if (result.exitCode !== 0) {
    throw new Error(`${program} ${args.join(' ')} ended with ${result.exitCode}: ${(result.stderr || result.stdout).trim()}`)
  }
  return result.stdout
}

export type Daemon = {
  readonly name: string
  readonly pid: number
  /** All that it wrote, in the world's folder. */
  readonly log: string
  readonly running: () => boolean
  readonly ended: Promise<number>
  /** SIGTERM, and SIGKILL when it is still there after two seconds. */
  readonly stop: () => Promise<void>
  readonly kill: (signal: NodeJS.Signals) => void
}

export type DaemonOptions = {
  readonly environment?: Readonly<Record<string, string>>
  readonly folder?: string
  /** Called for each line of standard output. */
  readonly onLine?: (line: string) => void
}

/** Starts a program that stays. It ends with the world at the latest. */
export function startDaemon(name: string, program: string, args: readonly string[], options: DaemonOptions = {}): Daemon {
  mkdirSync(path.join(worldFolder, 'log'), { recursive: true })
  const log = path.join(worldFolder, 'log', `${name}.log`)
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
  })
  // A test that failed must be able to end; the daemon ends with the world.
  child.unref()
  for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref()
  const file = createWriteStream(log, { flags: 'a', mode: 0o600 })
  child.stderr.pipe(file, { end: false })
  child.stdout.pipe(file, { end: false })
  if (options.onLine) createInterface({ input: child.stdout }).on('line', options.onLine)
  const ended = endOf(child)
  // A daemon that could not be started is told by whoever waits for its answer.
  ended.catch(() => undefined)
  void ended.finally(() => file.end()).catch(() => undefined)
  return {
    name,
    pid: child.pid ?? 0,
    log,
    running: () => child.exitCode === null && child.signalCode === null,
    ended,
    stop: async () => await stop(child, ended),
    kill: (signal) => void child.kill(signal),
  }
}

async function stop(child: ChildProcess, ended: Promise<number>): Promise<void> {
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 2000)
  child.ref()
  await ended
  clearTimeout(kill)
}

async function endOf(child: ChildProcess): Promise<number> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 255))
  })
}
