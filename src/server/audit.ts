// Who asked for what over TCP: a line for each call that changes something, on the disk before it is done, and one for its
// answer. No line holds anything of a body.
import { open } from 'node:fs/promises'

export type AuditEntry = {
  /** The same in both lines of a call. */
  readonly call: string
  /** The name of the token; empty: none that is known. */
  readonly who: string
  readonly address: string
  readonly method: string
  /** With the names in it, without what stands after a `?`. */
  readonly path: string
  readonly what: 'asked' | 'refused' | 'answered'
  /** Of the answer. */
  readonly status?: number
}

export type Audit = { readonly write: (entry: AuditEntry) => Promise<void>; readonly close: () => Promise<void> }

export async function openAudit(file: string): Promise<Audit> {
  const handle = await open(file, 'a', 0o600)
  return {
    write: async (entry) => {
      await handle.appendFile(`${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`)
      await handle.datasync()
    },
    close: async () => await handle.close(),
  }
}
