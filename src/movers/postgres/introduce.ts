// What both sides are told before one can follow the other: a password that these two nodes alone know, and files of ours.
import { randomBytes } from 'node:crypto'
import { act } from '../act.ts'
import type { Pair, Side } from '../mover.ts'
import { scramVerifier } from './scram.ts'

/** The one that either side has in its password file, or a new one: it is known to these two nodes and, while it is needed, to us. */
export async function passwordOf({ from, to }: Pair, pass: (side: Side) => string, signal: AbortSignal): Promise<string> {
  for (const side of [from, to]) {
    const { exitCode, stdout } = await side.run(['cat', pass(side)], { signal })
    const known = /:([0-9a-f]{48})$/.exec(stdout.trim())?.[1]
    if (exitCode === 0 && known !== undefined) return known
  }
  return randomBytes(24).toString('hex')
}

/** Writes a file of the server's own user, as a whole; the text goes over stdin, so that it is nobody's to see. */
export async function put(side: Side, path: string, mode: '600' | '644', text: string, signal: AbortSignal): Promise<void> {
  const script = 'umask 077; cat > "$1.new"; chown postgres: "$1.new"; chmod "$2" "$1.new"; mv "$1.new" "$1"'
  await act(side, ['sh', '-c', script, 'sh', path, mode], { signal, input: text })
}

/** Statements that make the role, or give it this password again; `rights` as ALTER ROLE names them. */
export function roleOf(role: string, password: string, rights: string): string {
  return `do $$ begin if not exists (select from pg_roles where rolname = '${role}') then create role ${role}; end if; end $$;
alter role ${role} login ${rights} password '${scramVerifier(password, randomBytes(16))}';`
}
