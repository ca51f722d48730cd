// References instead of secrets: `env:NAME`, `file:PATH`, `command:…`. The command that a person runs resolves them in
// its own environment and sends the values over a socket; whoever reads the file without them gets placeholders.
import { readFile } from 'node:fs/promises'
import { codeOf, LifeboatError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { exec } from '../io/exec.ts'
import { resolvePath, type Place } from './place.ts'

/** One place in the file that names a secret. */
export type Reference = { readonly reference: string; readonly path: string; readonly line: number }

const deadlineMs = 30_000

export function isReference(text: string): boolean {
  return /^(env:[A-Za-z_]\w*|file:.+|command:[^]+)$/.test(text)
}

/** Stands where a secret will stand. Whoever needs its value before it is bound learns which reference is missing. */
export class UnboundSecret extends Secret {
  readonly reference: string

  constructor(reference: string) {
    super('')
    this.reference = reference
  }

  override reveal(): never {
    throw new LifeboatError('credentials-needed', `The value of ${shown(this.reference)} is not here.`, { details: { reference: shown(this.reference) } })
  }
}

export type Resolve = Place & {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** Called for a reference that cannot be resolved, which is then left out; without it the first one fails the call. */
  readonly onUnavailable?: (error: LifeboatError) => void
}

/**
 * The values of these references, each resolved once, one after the other (a command may ask its user something).
 * Fails with secret-unavailable, naming reference, path and line; never with anything of the value.
 */
export async function resolveReferences(references: readonly Reference[], options: Resolve): Promise<Map<string, Secret>> {
  const values = new Map<string, Secret>()
  const tried = new Set<string>()
  for (const reference of references) {
    if (tried.has(reference.reference)) continue
    tried.add(reference.reference)
    try {
      values.set(reference.reference, await resolveOne(reference, options))
    } catch (error) {
      options.signal.throwIfAborted()
      if (!(error instanceof LifeboatError) || !options.onUnavailable) throw error
      options.onUnavailable(error)
    }
  }
  return values
}

/** The same document with the values in place; a secret without one stays a placeholder. */
export function bindSecrets<T>(document: T, values: ReadonlyMap<string, Secret>): T {
  // Each value is replaced by one of the same type, so the shape stays what it was.
  return bound(document, values) as T
}

function bound(value: unknown, values: ReadonlyMap<string, Secret>): unknown {
  if (value instanceof UnboundSecret) return values.get(value.reference) ?? value
  if (Array.isArray(value)) return value.map((item) => bound(item, values))
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, bound(item, values)]))
}

async function resolveOne(reference: Reference, options: Resolve): Promise<Secret> {
  const [, scheme = '', rest = ''] = /^(\w+):([^]*)$/.exec(reference.reference) ?? []
  const value = await read(scheme, rest, reference, options)
  const secret = value.replace(/\r?\n$/, '')
  if (secret === '') throw unavailable(reference, 'is empty')
  return new Secret(secret)
}

async function read(scheme: string, rest: string, reference: Reference, options: Resolve): Promise<string> {
  switch (scheme) {
    case 'env':
      return options.env[rest] ?? fail(reference, 'is not set')
    case 'file':
      return await readFile(resolvePath(rest, options), {
        encoding: 'utf8',
        signal: AbortSignal.any([options.signal, AbortSignal.timeout(deadlineMs)]),
      }).catch((error: unknown) => fail(reference, `cannot be read (${systemCode(error)})`))
    default:
      return await outputOf(rest, reference, options)
  }
}

async function outputOf(command: string, reference: Reference, { baseFolder, env, signal }: Resolve): Promise<string> {
  const environment = Object.fromEntries(Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined))
  const result = await exec('sh', ['-c', command], { signal, deadlineMs, cwd: baseFolder, environment }).catch((error: unknown) => {
    signal.throwIfAborted()
    return fail(reference, codeOf(error) === 'timeout' ? `did not end within ${deadlineMs / 1000} s` : 'could not be started')
  })
  return result.exitCode === 0 ? result.stdout : fail(reference, `ended with exit code ${result.exitCode}`)
}

function fail(reference: Reference, text: string): never {
  throw unavailable(reference, text)
}

function unavailable({ reference, path, line }: Reference, text: string): LifeboatError {
  return new LifeboatError('secret-unavailable', `${shown(reference)} ${text}; ${path} needs it (line ${line}).`, {
    details: { reference: shown(reference), path, line },
  })
}

/** Of a command only its first word: a token may stand among its arguments. */
function shown(reference: string): string {
  return reference.startsWith('command:') ? `${reference.split(/\s/, 1)[0]} …` : reference
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
}
