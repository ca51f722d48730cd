// A folder of an operator for one benchmark: the real command line in it, what it took, and how large it became.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { repository } from '../lab/place.ts'
import { waitUntil } from '../src/io/wait.ts'

export type Ran = { readonly seconds: number; readonly stdout: string; readonly peakMiB: number }

export type Desk = {
  readonly folder: string
  /** Runs a command with these values in its environment; any exit code but 0 is an error with what it complained about. */
  readonly lifeboat: (args: readonly string[], signal: AbortSignal) => Promise<Ran>
  /** The most memory that the controller ever held. */
  readonly controllerPeakMiB: () => number
  readonly stopController: () => Promise<void>
  readonly close: () => Promise<void>
}

export function openDesk(yaml: string, environment: Readonly<Record<string, string>>): Desk {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-bench-'))
  writeFileSync(path.join(folder, 'lifeboat.yaml'), yaml)
  const stopController = async (): Promise<void> => {
    const pid = controllerOf(folder)
    if (pid === null) return
    process.kill(pid, 'SIGTERM')
    await waitUntil(async () => await Promise.resolve(peakOf(pid) === null ? true : null), {
      what: 'The end of the controller',
      deadlineMs: 30_000,
      everyMs: 50,
      signal: AbortSignal.timeout(30_000),
    })
  }
  return {
    folder,
    lifeboat: async (args, signal) => await run(process.execPath, [path.join(repository, 'src', 'cli.ts'), ...args], folder, environment, signal),
    controllerPeakMiB: () => peakOf(controllerOf(folder) ?? 0) ?? Number.NaN,
    stopController,
    close: async () => {
      await stopController()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Runs a program to its end; what it writes to stdout is kept, and its stderr is told when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Ran> {
  const began = performance.now()
  const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'], signal })
  const out: Buffer[] = []
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  let peakMiB = 0
  // The kernel keeps the peak itself, but only until the process is gone.
  const look = setInterval(() => (peakMiB = Math.max(peakMiB, peakOf(child.pid ?? 0) ?? 0)), 20)
  const [code] = await once(child, 'close').finally(() => clearInterval(look))
  const seconds = (performance.now() - began) / 1000
  const stdout = Buffer.concat(out).toString()
  if (code !== 0) throw new Error(`${program} ${args[0] ?? ''} ended with ${String(code)}: ${(said.trim() || stdout.trim()).slice(-500)}`)
  return { seconds, stdout, peakMiB }
}

function controllerOf(folder: string): number | null {
  try {
    const told: unknown = JSON.parse(readFileSync(path.join(folder, '.lifeboat', 'controller.json'), 'utf8'))
    const pid = typeof told === 'object' && told !== null && 'pid' in told ? Number(told.pid) : null
    return pid === null || peakOf(pid) === null ? null : pid
  } catch {
    return null
  }
}

/** MiB that a process held at most; null when it is gone. */
function peakOf(pid: number): number | null {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kib === undefined ? null : Number(kib) / 1024
  } catch {
    return null
  }
}
