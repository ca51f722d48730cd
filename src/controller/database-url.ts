// The URL behind `database:`. It may hold a password, so only its label is ever shown.
import { LifeboatError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'

/** How the database of a state folder is called where another one has host and name. */
export const embeddedLabel = 'the embedded database'

/** Host and name of a database, for people: never user, password or options. Fails with config-invalid when it is no such URL. */
export function labelOf(url: Secret): string {
  const text = url.reveal()
  const parsed = URL.canParse(text) ? new URL(text) : null
  const name = parsed?.pathname.slice(1) ?? ''
  if (parsed === null || !['postgres:', 'postgresql:'].includes(parsed.protocol) || name === '')
    throw new LifeboatError('config-invalid', 'database: leads to no URL like postgresql://USER:PASSWORD@HOST/DATABASE.')
  return `${parsed.searchParams.get('host') ?? parsed.host}/${name}`
}
