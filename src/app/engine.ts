// The engine of a project: state and passphrase in the state folder unless the configuration says otherwise.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kinds } from '../adapters.ts'
import type { ConfigText } from '../config/find.ts'
import { parseConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { LifeboatError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import type { Engine, Turns } from '../provision/engine.ts'

const engines = new Map<string, Promise<Engine>>()

export type EnginePlace = { readonly state: string; readonly pulumiRoot: string | null; readonly turns: Turns }

/** One engine for a project and state folder, so that calls for one stack queue up. */
export async function engineOf(config: Config, { state, pulumiRoot, turns }: EnginePlace): Promise<Engine> {
  const key = `${state}\0${config.project}`
  const engine = engines.get(key) ?? openEngine(config, { state, pulumiRoot, turns })
  engines.set(key, engine)
  // One that could not be opened is tried again.
  engine.catch(() => engines.delete(key))
  return await engine
}

/** Whether what this configuration declares would be known on this machine alone. */
export function staysHere({ pulumi }: Config): boolean {
  return pulumi.backend === undefined || pulumi.backend.startsWith('file:') || pulumi.passphrase === undefined
}

/** The same for a target of this kind and the configuration that its move began with. */
export function staysOnMachine(kind: string, text: ConfigText): boolean {
  return kinds.declares(kind) && staysHere(parseConfig(text, kinds).document)
}

async function refuse(): Promise<never> {
  const sentence = 'What was declared with Pulumi stays on the machine where this move began; with `database:` it needs pulumi.backend and pulumi.passphrase.'
  return await Promise.reject(new LifeboatError('config-invalid', sentence))
}

/** Stands beside a shared database where `staysHere`: targets that exist already never ask it. */
export const refusedEngine: Engine = { preview: refuse, up: refuse, drift: refuse, outputs: refuse, destroy: refuse, release: refuse, recover: refuse }

async function openEngine(config: Config, { state, pulumiRoot, turns }: EnginePlace): Promise<Engine> {
  // The SDK behind it is half of the controller's memory; whoever only looks around never loads it.
  const { createEngine } = await import('../provision/pulumi.ts')
  const folder = join(state, 'pulumi')
  await mkdir(join(folder, 'state'), { recursive: true, mode: 0o700 })
  return createEngine({
    project: config.project,
    stateFolder: state,
    backendUrl: config.pulumi.backend ?? `file://${join(folder, 'state')}`,
    passphrase: config.pulumi.passphrase ?? (await ownPassphrase(join(folder, 'passphrase'))),
    ...(pulumiRoot === null ? {} : { pulumiRoot }),
    environment: ambient(),
    turns,
  })
}

async function ownPassphrase(file: string): Promise<Secret> {
  if (!existsSync(file)) {
    await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' })
    await chmod(file, 0o600)
  }
  return new Secret((await readFile(file, 'utf8')).trim())
}

/** Settings of Pulumi that the operator's environment has (a private PULUMI_HOME, for example), and what programs need to run. */
function ambient(): Readonly<Record<string, string>> {
  const wanted = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && (name.startsWith('PULUMI_') || name === 'PATH' || name === 'HOME'),
  )
  return Object.fromEntries(wanted.map(([name, value]) => [name, value ?? '']))
}
