// One stack opened through Pulumi's Automation API, which is imported nowhere else.
import { hostname } from 'node:os'
import { LocalWorkspace, PulumiCommand, Stack } from '@pulumi/pulumi/automation/index.js'
import { Secret } from '../core/secret.ts'
import { runCli, type Cli } from './cli.ts'
import type { EngineRun, StackRequest, Turn, Turns } from './engine.ts'
import { CliFailure, isStackUnknown } from './failures.ts'
import { placeOf } from './operation.ts'
import { tolerateStrayRejections } from './stray-rejections.ts'
import { prepareBackend, prepareWorkFolder, refuseFullDisk } from './work-folder.ts'

export type EngineOptions = {
  readonly project: string
  /** Folder of the project's local state; each stack gets `pulumi/<stack>/` in it. */
  readonly stateFolder: string
  /** Where the engine keeps its state: file, s3, gs, azblob, postgres or https URL. */
  readonly backendUrl: string
  readonly passphrase: Secret
  /** Has `bin/pulumi` in it; absent: PATH. */
  readonly pulumiRoot?: string
  /** Added to the environment of every run: PATH, PULUMI_HOME and the like. */
  readonly environment: Readonly<Record<string, string>>
  /** How long a run that is asked to stop may take. */
  readonly graceMs?: number
  /** Absent: no other process changes these stacks. */
  readonly turns?: Turns
}

/** What the parts of an operation share. */
export type StackSession = {
  readonly stack: Stack
  readonly workDir: string
  /** One run of the CLI on this stack. Fails with CliFailure. */
  readonly run: (...args: string[]) => Promise<string>
}

/** Opens the stack of a request. */
export type Open = {
  readonly workDir: string
  readonly orCreate: () => Promise<StackSession>
  readonly orNull: () => Promise<StackSession | null>
}

export type Prepared = {
  readonly cli: Cli
  readonly environment: Readonly<Record<string, string>>
  /** Null: nothing is changed, and no lock is taken. */
  readonly turn: Turn | null
  readonly signal: AbortSignal
}

/** Prepares the stack's folder; the stack itself is looked for by the two ways of opening it. */
export async function openStack(options: EngineOptions, request: StackRequest, { cli, environment, turn, signal }: Prepared): Promise<Open> {
  tolerateStrayRejections()
  await prepareBackend(options.backendUrl)
  if (turn !== null) await refuseFullDisk(options.backendUrl)
  const workDir = await prepareWorkFolder(options.stateFolder, options.project, request.stack)
  const envVars = {
    ...environment,
    // The engine knows the other name of this scheme alone, and takes everything else for Pulumi Cloud.
    PULUMI_BACKEND_URL: options.backendUrl.replace(/^postgresql:/, 'postgres:'),
    PULUMI_CONFIG_PASSPHRASE: options.passphrase.reveal(),
    PULUMI_SKIP_UPDATE_CHECK: 'true',
  }
  const place = await placeOf(workDir)
  const runOf = (pid: number): EngineRun => ({ host: hostname(), pid, place })
  const told = turn === null ? {} : { begun: async (pid: number) => await turn.begin(runOf(pid)), ended: async (pid: number) => await turn.end(runOf(pid)) }
  const call = async (args: readonly string[], more: Readonly<Record<string, string>> = envVars) => {
    const result = await runCli(cli, { args, workDir, environment: more, signal, graceMs: options.graceMs ?? 60_000, ...told })
    if (result.exitCode !== 0) throw new CliFailure(result.exitCode, result.stderr)
    return { stdout: result.stdout, stderr: result.stderr, code: result.exitCode }
  }
  // The engine's own way of running its CLI loses the exit status, gives no way to end it for good, and pipes its output.
  const pulumiCommand: PulumiCommand = Object.assign(Object.create(PulumiCommand.prototype), {
    command: cli.path,
    version: { toString: () => cli.version },
    run: (args: string[], _cwd: string, added: Record<string, string>) => call(args, added),
  })
  const workspace = await LocalWorkspace.create({ workDir, program: request.program, envVars, pulumiCommand })
  const run = async (...args: string[]) => (await call([...args, '--stack', request.stack])).stdout
  const session = (stack: Stack): StackSession => ({ stack, workDir, run })
  const select = async () => session(await Stack.select(request.stack, workspace))
  return {
    workDir,
    orCreate: () =>
      select().catch(async (error: unknown) => {
        if (!isStackUnknown(error)) throw error
        return session(await Stack.create(request.stack, workspace))
      }),
    orNull: () =>
      select().catch((error: unknown) => {
        if (!isStackUnknown(error)) throw error
        return null
      }),
  }
}

/** The environment with its secrets revealed, and the secret values by themselves. */
export function revealAll(environment: Readonly<Record<string, string | Secret>>): { environment: Record<string, string>; secrets: string[] } {
  const revealed = Object.entries(environment).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value] as const)
  const secrets = Object.values(environment).filter((value) => value instanceof Secret)
  return { environment: Object.fromEntries(revealed), secrets: secrets.map((secret) => secret.reveal()) }
}
