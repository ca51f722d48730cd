// The values of secret references, in memory only. Commands bring them; after a restart of the controller whoever needs
// one waits until a command has brought it again.
import { EventEmitter, once } from 'node:events'
import { bindSecrets, UnboundSecret } from '../config/references.ts'
import { Secret } from '../core/secret.ts'

export type Credentials = {
  readonly add: (values: Readonly<Record<string, string>>) => void
  /** The document with its secrets in place; a missing one stays a placeholder that fails with credentials-needed where it is used. */
  readonly bind: <T>(document: T) => T
  /** The same, once every secret in it is known. `onWait` is told the first reference that is missing, once. */
  readonly bindWhenKnown: <T>(document: T, signal: AbortSignal, onWait: (reference: string) => void) => Promise<T>
}

export function createCredentials(): Credentials {
  const values = new Map<string, Secret>()
  const changes = new EventEmitter()
  changes.setMaxListeners(0)
  const bind = <T>(document: T): T => bindSecrets(document, values)
  return {
    add: (added) => {
      for (const [reference, value] of Object.entries(added)) values.set(reference, new Secret(value))
      changes.emit('change')
    },
    bind,
    bindWhenKnown: async (document, signal, onWait) => {
      for (let told = false; ; told = true) {
        const bound = bind(document)
        const missing = firstUnbound(bound)
        if (missing === null) return bound
        if (!told) onWait(missing)
        await once(changes, 'change', { signal })
      }
    },
  }
}

function firstUnbound(value: unknown): string | null {
  if (value instanceof UnboundSecret) return value.reference
  if (value instanceof Secret || typeof value !== 'object' || value === null) return null
  for (const item of Object.values(value)) {
    const found = firstUnbound(item)
    if (found !== null) return found
  }
  return null
}
