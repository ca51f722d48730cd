// The Pulumi CLI: where it is, whether it is new enough, and one run of it as a child process.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { access, constants, open, unlink, type FileHandle } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { LifeboatError } from '../core/errors.ts'
import { exec } from '../io/exec.ts'
import { killOperation, operationVariables } from './operation.ts'

/** Older ones do not tell drift from failure by their exit status. */
const oldest = [3, 226] as const

export type Cli = { readonly path: string; readonly version: string }

/**
 * The CLI below `root`, else on the PATH of the environment. Fails with tool-missing where there is none, or where it is
 * too old; the sentence says where it was looked for.
 */
export async function findCli(root: string | undefined, environment: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Cli> {
  const folders = root === undefined ? (environment.PATH ?? process.env.PATH ?? '').split(delimiter).filter(Boolean) : [resolve(root, 'bin')]
  const path = await firstExecutable(folders.map((folder) => join(folder, 'pulumi')))
  if (path === null) {
    const where = root === undefined ? 'on PATH' : `at ${resolve(root, 'bin', 'pulumi')}`
    throw new LifeboatError('tool-missing', `The program pulumi is not installed here: there is none ${where}.`)
  }
  const result = await exec(path, ['version'], { signal, deadlineMs: 30_000, environment: { ...environment, PULUMI_SKIP_UPDATE_CHECK: 'true' } })
  const version = result.stdout.trim().replace(/^v/, '')
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version) ?? []
  const fits = Number(major) === oldest[0] && Number(minor) >= oldest[1]
  if (!fits) throw new LifeboatError('tool-missing', `Pulumi ${oldest.join('.')} or newer is needed; ${path} is ${version || 'of no known version'}.`)
  return { path, version }
}

async function firstExecutable(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    try {
      await access(path, constants.X_OK)
      return resolve(path)
    } catch {
      // Not here: the next folder.
    }
  }
  return null
}

export type CliRun = {
  readonly args: readonly string[]
  /** The stack's folder; it also marks the processes of this run (operation.ts). */
  readonly workDir: string
  readonly environment: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** How long a run that was asked to stop may take to write down what it has done. */
  readonly graceMs: number
  /** Told before it begins, and once it has done what it was asked; where `begun` fails it does not begin. */
  readonly begun?: (pid: number) => Promise<void>
  readonly ended?: (pid: number) => Promise<void>
  readonly keep?: Keep
}

/** When a run is ended whose controller is gone (keeper.sh). */
export type Keep = { readonly lifeSeconds: number; readonly patienceSeconds: number }

const keeper = join(import.meta.dirname, 'keeper.sh')
const defaultKeep: Keep = { lifeSeconds: 10, patienceSeconds: 10 }
const sayEveryMs = 2000

export type CliResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string }

/**
 * One run. It gets a session of its own, so that Ctrl-C in a terminal does not reach it: its second SIGINT would mean
 * "leave everything as it is". Output goes to files that are already unlinked, not to pipes: when this process is
 * killed, the CLI would die of a broken pipe in the middle of a create instead of writing down what it has done.
 * An abort sends one SIGINT; what still runs after the grace is killed, plugins included. A keeper sees to its end when
 * this process is gone or stopped (keeper.sh).
 */
export async function runCli(cli: Cli, run: CliRun): Promise<CliResult> {
  run.signal.throwIfAborted()
  const output = await Promise.all([openScratch(run.workDir), openScratch(run.workDir)])
  const [out, err] = output
  try {
    const environment = { ...process.env, ...run.environment, ...(await operationVariables(run.workDir)), PULUMI_AUTOMATION_API: 'true' }
    const args = run.args.includes('--non-interactive') ? run.args : [...run.args, '--non-interactive']
    const { lifeSeconds, patienceSeconds } = run.keep ?? defaultKeep
    const kept = [keeper, String(lifeSeconds), String(patienceSeconds), cli.path, ...args]
    const child = spawn('bash', kept, { cwd: run.workDir, env: environment, stdio: ['ignore', out.fd, err.fd, 'pipe'], detached: true })
    const { exitCode, killedBy } = await endOf(child, run)
    if (killedBy !== null) await killOperation(run.workDir)
    else if (exitCode === 0) await run.ended?.(child.pid ?? 0)
    run.signal.throwIfAborted()
    return { exitCode: exitCode ?? 255, stdout: await textOf(out), stderr: await textOf(err) }
  } finally {
    await Promise.all(output.map((file) => file.close()))
  }
}

async function endOf(child: ChildProcess, run: CliRun): Promise<{ exitCode: number | null; killedBy: NodeJS.Signals | null }> {
  let timer: NodeJS.Timeout | undefined
  const stop = () => {
    child.kill('SIGINT')
    timer = setTimeout(() => child.kill('SIGKILL'), run.graceMs)
  }
  const end = new Promise<{ exitCode: number | null; killedBy: NodeJS.Signals | null }>((settle, fail) => {
    child.once('error', fail)
    child.once('exit', (exitCode, killedBy) => settle({ exitCode, killedBy }))
  })
  const keeping = keepAlive(child, run)
  run.signal.addEventListener('abort', stop, { once: true })
  try {
    const [ended] = await Promise.all([end, keeping.begun])
    return ended
  } finally {
    run.signal.removeEventListener('abort', stop)
    clearTimeout(timer)
    keeping.over()
  }
}

/** Lets it begin, then says again and again that this process lives. */
function keepAlive(child: ChildProcess, run: CliRun): { readonly begun: Promise<void>; readonly over: () => void } {
  // The fourth of its descriptors was asked for as a pipe.
  const pipe = child.stdio[3] as Writable
  // A run that has ended listens no more.
  pipe.on('error', () => undefined)
  let saying: NodeJS.Timeout | undefined
  const begin = async (): Promise<void> => {
    try {
      if (child.pid !== undefined) await run.begun?.(child.pid)
      pipe.write('go\n')
      saying = setInterval(() => pipe.write('\n'), sayEveryMs)
    } catch (error) {
      pipe.end()
      throw error
    }
  }
  return {
    begun: begin(),
    over: () => {
      clearInterval(saying)
      pipe.end('done\n')
    },
  }
}

async function openScratch(folder: string): Promise<FileHandle> {
  const path = join(folder, `.output-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}

async function textOf(file: FileHandle): Promise<string> {
  const { size } = await file.stat()
  const buffer = Buffer.alloc(size)
  await file.read(buffer, 0, size, 0)
  return buffer.toString('utf8')
}
