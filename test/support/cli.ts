// Runs the real command line in a folder of its own, and ends the controller that it may have started.
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connectController } from '../../src/controller/client.ts'
import { exec, type ExecResult } from '../../src/io/exec.ts'
import { waitUntil } from '../../src/io/wait.ts'

const cli = path.resolve(import.meta.dirname, '../../src/cli.ts')

export type Desk = {
  readonly folder: string
  /** Replaces lifeboat.yaml. */
  readonly write: (yaml: string) => Promise<void>
  /** Runs a command to its end, without a terminal. */
  readonly lifeboat: (args: readonly string[], environment?: Readonly<Record<string, string>>) => Promise<ExecResult>
}

type Test = { readonly after: (act: () => Promise<void>) => void }

/** A folder with a state folder of its own in it; both go, and their controller before them, when the test ends. */
export async function openDesk(test: Test): Promise<Desk> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-cli-'))
  test.after(async () => {
    await stopController(path.join(folder, '.lifeboat'))
    await rm(folder, { recursive: true, force: true })
  })
  return {
    folder,
    write: async (yaml) => await writeFile(path.join(folder, 'lifeboat.yaml'), yaml),
    lifeboat: async (args, environment = {}) =>
      await exec(process.execPath, [cli, ...args], {
        signal: AbortSignal.timeout(120_000),
        deadlineMs: 110_000,
        cwd: folder,
        environment: { ...ownEnvironment(), ...environment },
      }),
  }
}

/** Tells the controller of a state folder to end, if there is one, and waits until its database has ended too. */
export async function stopController(state: string): Promise<void> {
  if (!existsSync(path.join(state, 'controller.json'))) return
  const signal = AbortSignal.timeout(60_000)
  const client = await connectController({ state, pulumiRoot: null, signal })
  await client.post('/api/v1/stop', {}, signal)
  client.close()
  const ended = async () => await Promise.resolve(existsSync(path.join(state, 'db', 'postmaster.pid')) ? null : true)
  await waitUntil(ended, { what: 'The end of the controller', deadlineMs: 30_000, everyMs: 50, signal })
}

function ownEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'XDG_RUNTIME_DIR'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
  return Object.fromEntries(kept) as Record<string, string>
}
