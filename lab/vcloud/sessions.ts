// Both ways to log in, and API tokens. A session ends on command, or after so many requests.
import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export type Account = { readonly org: string; readonly user: string; readonly password: string; readonly apiToken: string }

export type Sessions = {
  /** A new session for these headers; null when they are wrong. */
  readonly open: (headers: IncomingHttpHeaders) => string | null
  readonly exchange: (org: string, form: string) => string | null
  /** Whether the headers carry a session that lives; counts as one request of it. */
  readonly admits: (headers: IncomingHttpHeaders) => boolean
  readonly end: (headers: IncomingHttpHeaders) => void
  readonly endAll: () => void
  /** Sessions end after so many further requests: once, or from then on again and again. */
  readonly endAfter: (requests: number, always: boolean) => void
  readonly opened: () => number
}

export function sessionsOf(account: Account): Sessions {
  const living = new Set<string>()
  let opened = 0
  let [left, again] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  const begin = (): string => {
    const token = randomBytes(16).toString('hex')
    living.add(token)
    opened += 1
    return token
  }
  const expected = `Basic ${Buffer.from(`${account.user}@${account.org}:${account.password}`).toString('base64')}`
  return {
    open: ({ authorization }) => (authorization === expected ? begin() : null),
    exchange: (org, form) => {
      const given = new URLSearchParams(form)
      const good = org === account.org && given.get('grant_type') === 'refresh_token' && given.get('refresh_token') === account.apiToken
      return good ? begin() : null
    },
    admits: (headers) => {
      if (left === 0) {
        living.clear()
        left = again
      } else left -= 1
      return living.has(tokenOf(headers))
    },
    end: (headers) => void living.delete(tokenOf(headers)),
    endAll: () => living.clear(),
    endAfter: (requests, always) => {
      left = requests
      again = always ? requests : Number.POSITIVE_INFINITY
    },
    opened: () => opened,
  }
}

function tokenOf(headers: IncomingHttpHeaders): string {
  const old = headers['x-vcloud-authorization']
  return typeof old === 'string' ? old : (headers.authorization ?? '').replace(/^Bearer /, '')
}
