// One session for everything that a source does, opened at first use and once more when it was lost.
import { codeOf } from '../../core/errors.ts'
import { openHttp } from '../../io/http.ts'
import type { Trust } from '../../io/tls.ts'
import { openSession, type Login, type Session } from './session.ts'

export type Connection = {
  /** Runs work that may safely run twice: when the session is lost on the way, it starts over, once, with a new one. */
  readonly run: <T>(work: (session: Session) => Promise<T>, signal: AbortSignal) => Promise<T>
  readonly close: () => Promise<void>
}

const logoutMs = 5_000

export function connectionOf(login: Login, trust: Trust): Connection {
  const http = openHttp({ service: login.service, unreachable: 'source-unreachable', trust })
  let current: Session | null = null
  let opening: Promise<unknown> = Promise.resolve()

  /** One log-in at a time: logins are counted, and orphaned ones pile up on the server. */
  const session = async (signal: AbortSignal): Promise<Session> => {
    const mine = opening.then(async () => (current ??= await openSession(http, login, signal)))
    opening = mine.catch(() => undefined)
    return orAbort(mine, signal)
  }

  return {
    run: async (work, signal) => {
      const first = await session(signal)
      try {
        return await work(first)
      } catch (error) {
        if (codeOf(error) !== 'source-session-lost') throw error
        if (current === first) current = null
        return work(await session(signal))
      }
    },
    close: async () => {
      const last = current
      current = null
      // A session that cannot be ended (the server is gone, or ended it already) times out on the other side.
      if (last !== null) await last.logout(AbortSignal.timeout(logoutMs)).catch(() => undefined)
      await http.close()
    },
  }
}

/** Another's log-in may take longer than this caller wants to wait. */
async function orAbort<T>(awaited: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([awaited, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
