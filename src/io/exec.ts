// Local programs: the one place that starts them.
import { execa, type Options } from 'execa'
import { LifeboatError } from '../core/errors.ts'

export type ExecOptions = {
  readonly signal: AbortSignal
  /** Milliseconds; every program has a deadline. */
  readonly deadlineMs: number
  readonly input?: string
  /** Added to the environment. Values that are secret belong here, never in the arguments. */
  readonly environment?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Called for each line of standard output while the program runs. */
  readonly onLine?: (line: string) => void
}

export type ExecResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string }

/**
 * Runs a program to its end and answers its exit code and output, whatever the code. Fails with `tool-missing` when it
 * does not exist, `timeout` past the deadline; an abort ends the whole process and rethrows the signal's reason.
 */
export async function exec(program: string, args: readonly string[], options: ExecOptions): Promise<ExecResult> {
  options.signal.throwIfAborted()
  const settings: Options = {
    reject: false,
    timeout: options.deadlineMs,
    cancelSignal: options.signal,
    forceKillAfterDelay: 2000,
    // A shell's children must not outlive its deadline.
    killDescendants: true,
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    ...(options.environment === undefined ? {} : { env: { ...options.environment } }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }
  const child = execa(program, [...args], settings)
  if (options.onLine) void forwardLines(child.iterable({ from: 'stdout' }), options.onLine)
  const result = await child
  options.signal.throwIfAborted()
  if (result.timedOut) throw new LifeboatError('timeout', `${program} did not end within ${options.deadlineMs / 1000} s.`)
  if (result.code === 'ENOENT') throw new LifeboatError('tool-missing', `The program ${program} is not installed here.`)
  return { exitCode: result.exitCode ?? 255, stdout: textOf(result.stdout), stderr: textOf(result.stderr) }
}

async function forwardLines(lines: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of lines) onLine(String(line))
  } catch {
    // The end of a killed program also ends its lines; the result above tells what happened.
  }
}

function textOf(output: unknown): string {
  return typeof output === 'string' ? output : ''
}
