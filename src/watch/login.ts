// How the ladder logs in: with a key that it can read, else whatever the environment's agent offers.
import { readFile } from 'node:fs/promises'
import ssh2 from 'ssh2'
import { Secret } from '../core/secret.ts'
import type { Login } from './ssh-line.ts'

/** `keyContents` before `keyFile`; `agent`: socket of the environment's agent. Null: there is nothing to log in with. */
export async function loginWith(access: { readonly keyContents: Secret | null; readonly keyFile: string | null }, agent: string | null): Promise<Login> {
  const key = access.keyContents ?? (access.keyFile === null ? null : await readFile(access.keyFile, 'utf8').then(asSecret, () => null))
  if (key !== null && isReadable(key)) return { key }
  return agent === null ? null : { agent }
}

const asSecret = (text: string): Secret => new Secret(text)

/** One with a passphrase is not: the agent has to hold it. */
function isReadable(key: Secret): boolean {
  try {
    return !(ssh2.utils.parseKey(key.reveal()) instanceof Error)
  } catch {
    return false
  }
}
