// What Route 53 says when it does not do something.
import { LifeboatError, messageOf } from '../../core/errors.ts'

/** What could not be done finishes "… did not". */
export function failureOf(service: string, what: string, thrown: unknown): LifeboatError {
  const name = thrown instanceof Error ? thrown.name : ''
  const words = `${name}: ${reasonsIn(thrown)}`.replaceAll(/\s+/g, ' ').slice(0, 400).replace(/\.?$/, '.')
  if (name === 'InvalidChangeBatch') return new LifeboatError('names-changed', `${service} does not ${what}: ${words}`, { cause: thrown })
  const code = isRefusal(thrown) ? 'dns-refused' : 'dns-unreachable'
  return new LifeboatError(code, `${service} did not ${what}: ${words}`, { cause: thrown })
}

/** Its reasons stand in a list of their own. */
function reasonsIn(thrown: unknown): string {
  const list: unknown = typeof thrown === 'object' && thrown !== null && 'messages' in thrown ? thrown.messages : null
  return Array.isArray(list) && list.length > 0 ? list.map(String).join(' ') : messageOf(thrown)
}

/** It answered, and waiting would not help. */
function isRefusal(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  if (thrown.name === 'CredentialsProviderError') return true
  const status = '$metadata' in thrown ? (thrown.$metadata as { readonly httpStatusCode?: number }).httpStatusCode : undefined
  return status !== undefined && status >= 400 && status < 500 && !/^(Throttling|PriorRequestNotComplete|RequestLimitExceeded)/.test(thrown.name)
}
