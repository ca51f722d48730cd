// Reads a node from inside over one ssh call. Nothing is put on it, and what runs there for the time of the call ends by itself.
import { LifeboatError, codeOf } from '../../core/errors.ts'
import type { Ssh } from '../../io/ssh.ts'
import { insideScript, type Section } from './script.ts'

/** The node must be done before the line to it is given up, or its last sections would be lost. */
const marginSeconds = 4

/** A way to run commands on a node, as its link has one. */
export type Line = { readonly run: Ssh['run']; readonly user: string; readonly address: string }
/** `sections`: default all. */
export type LookOptions = { readonly signal: AbortSignal; readonly deadlineMs: number; readonly sections?: readonly Section[] }

/** The answer for core/inside/parse.ts, also when it was cut off by the deadline. Fails as ssh does, or with node-failed when nothing came. */
export async function lookInside(line: Line, { signal, deadlineMs, sections }: LookOptions): Promise<string> {
  const lines: string[] = []
  const input = insideScript(Math.max(1, Math.floor(deadlineMs / 1000) - marginSeconds), sections)
  const run = async (): Promise<string> => (await line.run(['sh', '-s'], { input, signal, deadlineMs, onLine: (text) => lines.push(text) })).stderr
  const words = await run().catch((error: unknown) => {
    if (codeOf(error) !== 'timeout' || lines.length === 0) throw error
    return ''
  })
  if (lines.some((text) => text.startsWith('='))) return lines.join('\n')
  const reason = words.trim().split('\n').at(-1) || 'it said nothing'
  throw new LifeboatError('node-failed', `${line.user}@${line.address} could not be read from inside: ${reason}.`)
}
