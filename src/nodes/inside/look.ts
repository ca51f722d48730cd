// Reads a node from inside over one ssh call. Nothing is put on it, and what runs there for the time of the call ends by itself.
import { LifeboatError, codeOf } from '../../core/errors.ts'
import type { Ssh } from '../../io/ssh.ts'
import { insideScript } from './script.ts'

/** The node must be done before the line to it is given up, or its last sections would be lost. */
const marginSeconds = 4

/** The answer for core/inside/parse.ts, also when it was cut off by the deadline. Fails as ssh does, or with node-failed when nothing came. */
export async function lookInside(ssh: Ssh, { signal, deadlineMs }: { readonly signal: AbortSignal; readonly deadlineMs: number }): Promise<string> {
  const lines: string[] = []
  const input = insideScript(Math.max(1, Math.floor(deadlineMs / 1000) - marginSeconds))
  const run = async (): Promise<string> => (await ssh.run(['sh', '-s'], { input, signal, deadlineMs, onLine: (line) => lines.push(line) })).stderr
  const words = await run().catch((error: unknown) => {
    if (codeOf(error) !== 'timeout' || lines.length === 0) throw error
    return ''
  })
  if (lines.some((line) => line.startsWith('='))) return lines.join('\n')
  const reason = words.trim().split('\n').at(-1) || 'it said nothing'
  throw new LifeboatError('node-failed', `${ssh.target.user}@${ssh.target.address} could not be read from inside: ${reason}.`)
}
