// One Redis server, spoken to by redis-cli on its own node. A password goes in by standard input, never in an argument.
import { LifeboatError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { look, tryAct } from '../act.ts'
import type { Side } from '../mover.ts'
import { firstError, positionIn, readInfo, type Position } from './replies.ts'

export type Server = {
  /** How reports name it. */
  readonly name: string
  /** On the loopback of both nodes. */
  readonly port: number
  readonly user: string | undefined
  readonly password: Secret | undefined
  readonly unit: string
  readonly folder: string
}

/** What takes commands back that are given within an attempt. */
export type Undo = { readonly id: string; readonly command: readonly string[] }

const deadlineMs = 30_000
const client = `IFS= read -r REDISCLI_AUTH; [ -z "$REDISCLI_AUTH" ] && unset REDISCLI_AUTH || export REDISCLI_AUTH
exec redis-cli "$1" -h 127.0.0.1 -p "$2" --no-auth-warning \${3:+--user "$3"}`

/** The replies to these commands, raw. Fails with what the server refuses, or node-tool-missing. */
export async function talk(server: Server, side: Side, commands: readonly string[], signal: AbortSignal, undo?: Undo): Promise<string> {
  const replies = await speak(server, side, '--raw', commands, signal, undo)
  const error = firstError(replies)
  if (error !== null) throw new LifeboatError('node-failed', `Redis ${server.name} on the ${side.name} ${side.address} answers: ${error}`)
  return replies
}

/** One statement for a check. Fails with the words of the server. */
export async function ask(server: Server, side: Side, statement: string, signal: AbortSignal): Promise<void> {
  // Formatted, an error cannot be taken for a value.
  const reply = await speak(server, side, '--no-raw', [statement.replaceAll(/\s+/g, ' ')], signal)
  const error = /^\(error\) (.*)$/m.exec(reply)?.[1]
  if (error !== undefined) throw new LifeboatError('node-failed', error)
}

async function speak(server: Server, side: Side, format: string, commands: readonly string[], signal: AbortSignal, undo?: Undo): Promise<string> {
  const command = ['sh', '-c', client, 'sh', format, String(server.port), server.user ?? '']
  const input = [server.password?.reveal() ?? '', ...commands, ''].join('\n')
  const options = { signal, deadlineMs, input }
  const { exitCode, stdout, stderr } =
    undo === undefined || side.attempt === undefined ? await look(side, command, options) : await tryAct(side, command, { ...options, undo })
  if (exitCode === 127) throw new LifeboatError('node-tool-missing', `redis-cli is not installed on the ${side.name} ${side.address}.`)
  const words = stderr.trim().split('\n').at(-1) ?? ''
  if (exitCode !== 0 || /^AUTH failed|^Could not connect/m.test(stderr))
    throw new LifeboatError('node-failed', `Redis ${server.name} on the ${side.name} ${side.address} does not answer: ${words.replace(/[.]?$/, '.')}`)
  return stdout
}

export async function position(server: Server, side: Side, signal: AbortSignal): Promise<Position> {
  return positionIn(readInfo(await talk(server, side, ['INFO'], signal)))
}

/** A string as redis-cli reads it back. */
export function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}
