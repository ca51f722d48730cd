// What a failed operation of the engine means for a person: one sentence with the provider's own words.
import { LifeboatError, messageOf } from '../core/errors.ts'
import type { ReadFailure } from '../providers/provider.ts'
import { plainText, sentenceOf, type Diagnostic } from './events.ts'

export type Circumstances = {
  readonly stack: string
  readonly diagnostics: readonly Diagnostic[]
  readonly readFailure: ReadFailure
  /** Values that must not be seen in any message. */
  readonly secrets: readonly string[]
}

/** A run of the CLI that failed; never leaves this folder. */
export class CliFailure extends Error {
  readonly exitCode: number

  constructor(exitCode: number, stderr: string) {
    super(stderr)
    this.name = 'CliFailure'
    this.exitCode = exitCode
  }
}

export function isStackUnknown(thrown: unknown): boolean {
  return thrown instanceof CliFailure && /no stack named.*found/.test(thrown.message)
}

/** A lock as the engine names it: who made it, where, when. */
export type Lock = { readonly user: string; readonly host: string; readonly pid: number; readonly since: string }

/** The error to throw instead of what the engine threw. Ours pass through. */
export function failureOf(thrown: unknown, circumstances: Circumstances): Error {
  if (thrown instanceof LifeboatError) return thrown
  const said = plainText(messageOf(thrown))
  if (isLocked(said)) return busy(circumstances.stack, locksIn(said))
  const { resource, text } = firstWords(said, circumstances.diagnostics)
  const words = hide(text, circumstances.secrets)
  const about = resource === null ? `stack ${circumstances.stack}` : resource
  const details = { stack: circumstances.stack, resource }
  switch (circumstances.readFailure(`${text}\n${said}`)) {
    case 'refused':
      return new LifeboatError('target-refused', `The target refused ${about}: ${words}`, { details })
    case 'unreachable':
      return new LifeboatError('target-unreachable', `The target could not be used for ${about}: ${words}`, { details })
    case null:
      return new LifeboatError('provision-failed', `Provisioning of ${about} failed: ${words}`, { details })
  }
}

export function busy(stack: string, locks: readonly Lock[]): LifeboatError {
  const lock = locks[0]
  const who = lock === undefined ? 'somebody else' : `${lock.user}@${lock.host} (process ${lock.pid}) since ${lock.since}`
  return new LifeboatError('provision-busy', `Stack ${stack} is in use by ${who}.`, { details: { stack, locks } })
}

function isLocked(said: string): boolean {
  return /the stack is currently locked by|Another update is currently in progress/.test(said)
}

/** The locks for which the engine refused to work; none: it failed otherwise. */
export function locksAgainst(thrown: unknown): readonly Lock[] {
  const said = plainText(messageOf(thrown))
  return isLocked(said) ? locksIn(said) : []
}

/** The engine's text: `…: created by root@web (pid 12) at 2026-11-24T10:00:00Z`. */
function locksIn(text: string): Lock[] {
  return [...text.matchAll(/created by ([^@\s]*)@(\S+) \(pid (\d+)\) at (\S+)/g)].map(([, user = '', host = '', pid, since = '']) => ({
    user,
    host,
    pid: Number(pid),
    since,
  }))
}

/** Sentences in which the engine only repeats that something failed. */
const empty = /^(update|preview|refresh|destroy|deployment|resource monitor|program) (failed|has shut down)|one or more errors occurred|^\s*$/i

/** The first thing that the provider itself said, else the engine's own error line. */
function firstWords(said: string, diagnostics: readonly Diagnostic[]): Diagnostic {
  for (const { resource, text } of diagnostics) {
    const sentence = sentenceOf(text)
    if (!empty.test(sentence)) return { resource, text: sentence }
  }
  const line = said.split('\n').find((one) => /(^|\s)error: /.test(one))
  return { resource: null, text: line === undefined ? 'the engine gave no reason' : sentenceOf(line.replace(/^.*?error: /, '')) }
}

function hide(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret.length >= 4).reduce((shown, secret) => shown.replaceAll(secret, '[secret]'), text)
}
