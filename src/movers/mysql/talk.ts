// One MariaDB server, spoken to by its client on its own node. A password goes in by standard input, never in an argument.
import { LifeboatError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { look } from '../act.ts'
import type { Side } from '../mover.ts'
import { followingIn, type Following } from './replies.ts'

export type Server = {
  /** How reports name it. */
  readonly name: string
  /** On the loopback of both nodes. */
  readonly port: number
  /** Who has all rights, over the socket. */
  readonly user: string
  readonly password: Secret | undefined
  readonly unit: string
  readonly folder: string
}

const client = `IFS= read -r MYSQL_PWD; [ -z "$MYSQL_PWD" ] && unset MYSQL_PWD || export MYSQL_PWD
exec mariadb --batch --skip-column-names --raw $2 --user="$1"`

/** What these statements answer: columns by tabs, or one below the other. Fails with the server's words, or node-tool-missing. */
export async function query(server: Server, side: Side, sql: string, signal: AbortSignal, form: 'rows' | 'vertical' = 'rows'): Promise<string> {
  // Vertical names the columns again, which --skip-column-names leaves out.
  const command = ['sh', '-c', client, 'sh', server.user, form === 'vertical' ? '--vertical --column-names' : '']
  const options = { signal, deadlineMs: 120_000, input: `${server.password?.reveal() ?? ''}\n${sql};\n` }
  const { exitCode, stdout, stderr } = await look(side, command, options)
  if (exitCode === 127) throw new LifeboatError('node-tool-missing', `The client mariadb is not installed on the ${side.name} ${side.address}.`)
  const words = stderr.split('\n').findLast((line) => line.startsWith('ERROR')) ?? stderr.trim()
  if (exitCode !== 0) throw new LifeboatError('node-failed', `MariaDB ${server.name} on the ${side.name} ${side.address}: ${words}`)
  return stdout.replace(/\n$/, '')
}

/** Whom it follows, by a connection without a name. */
export async function following(server: Server, side: Side, signal: AbortSignal): Promise<Following | null> {
  return followingIn(await query(server, side, 'show slave status', signal, 'vertical'))
}

/** The last transaction that it has, of its own or of a leader. */
export async function position(server: Server, side: Side, signal: AbortSignal): Promise<string> {
  return (await query(server, side, 'select @@gtid_current_pos', signal)).trim()
}
