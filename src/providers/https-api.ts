// What providers with an HTTPS API have in common: their keys in lifeboat.yaml, and one session for all that is done.
import { z } from 'zod'
import { codeOf, messageOf } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { openHttp, type HttpConnection, type Peer } from '../io/http.ts'
import { normalFingerprint, type Trust } from '../io/tls.ts'
import { orAbort } from '../io/wait.ts'
import type { Fence } from '../core/fence.ts'
import type { About, LackingRight, Source, SourceAnswer } from './provider.ts'

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Without TLS only to this machine itself, as for a simulator. */
export function apiUrl(description: string) {
  return z
    .url({ protocol: /^https?$/ })
    .refine((value) => URL.parse(value)?.protocol === 'https:' || loopback.has(URL.parse(value)?.hostname ?? ''), 'must begin with https://')
    .describe(description)
}

const tls = z
  .union([
    z.strictObject({
      fingerprint: z
        .string()
        .refine((value) => normalFingerprint(value) !== null, 'must be the SHA-256 of the certificate: sha256:AB:CD:…')
        .describe('SHA-256 of the server certificate: exactly this one is believed'),
    }),
    z.strictObject({ ca: z.instanceof(Secret).describe('Certificate authority to believe, PEM') }),
  ])
  .optional()
  .describe('Whom to believe, when the certificate is not signed by a public authority')

/** Keys that every such provider has, beside its address and its log-in. */
export const apiKeys = {
  tls,
  contact: z.record(z.string(), z.string()).optional().describe('How to reach the people who run it: statusPage, ticket, phone, forum'),
  ssh: z.unknown().optional().describe('How to log in to its nodes'),
} as const

export function trustOf(given: z.infer<typeof tls>): Trust {
  if (given === undefined) return {}
  return 'fingerprint' in given ? { fingerprint: given.fingerprint } : { ca: given.ca.reveal() }
}

export type Connection<Session> = {
  /** Runs work that may safely run twice: when the session is lost on the way, it starts over, once, with a new one. */
  readonly run: <T>(work: (session: Session) => Promise<T>, signal: AbortSignal) => Promise<T>
  /** What the other side has shown of itself so far. */
  readonly peer: () => Peer
  /** Twice is fine. */
  readonly close: () => Promise<void>
}

/** What a kind does in a session. Each act may safely run twice. */
export type Acts<Session> = {
  readonly about: (session: Session) => Omit<About, 'peer'>
  /** Absent where the API does not tell. */
  readonly lacking?: (session: Session, ids: readonly string[], signal: AbortSignal) => Promise<readonly LackingRight[] | null>
  readonly nodes: (session: Session, signal: AbortSignal) => Promise<SourceAnswer>
  /** `guestMs`: how long the guest may take to end by itself; absent: as long as usual. */
  readonly power: (session: Session, id: string, wanted: 'on' | 'off', signal: AbortSignal, guestMs?: number) => Promise<void>
  readonly snapshot: (session: Session, id: string, name: string, signal: AbortSignal) => Promise<void>
  readonly network: (session: Session, id: string, wanted: 'connected' | 'disconnected', signal: AbortSignal) => Promise<void>
  readonly isCutOff: (session: Session, id: string, signal: AbortSignal) => Promise<boolean>
}

export function sourceOf<Session>({ run, peer, close }: Connection<Session>, acts: Acts<Session>): Source {
  const { lacking } = acts
  return {
    about: (signal) => run(async (session) => ({ ...acts.about(session), peer: peer() }), signal),
    ...(lacking === undefined ? {} : { lacking: (ids, signal) => run((session) => lacking(session, ids, signal), signal) }),
    nodes: (signal) => run((session) => acts.nodes(session, signal), signal),
    power: (id, wanted, signal) => run((session) => acts.power(session, id, wanted, signal), signal),
    snapshot: (id, name, signal) => run((session) => acts.snapshot(session, id, name, signal), signal),
    network: (id, wanted, signal) => run((session) => acts.network(session, id, wanted, signal), signal),
    close,
  }
}

/** A guest that hangs is not waited for: its clients are waiting. */
const guestOfFencedMs = 10_000

/**
 * A machine is fenced when no card of it is connected; that outlives its restart. Then its power goes, too, so that nothing
 * in it runs on in silence; one that cannot be switched off is fenced all the same. Its disks stay as they are.
 */
export function fenceOf<Session>({ run, close }: Connection<Session>, acts: Acts<Session>): Fence {
  return {
    fence: async (id, signal) =>
      await run(async (session) => {
        await acts.network(session, id, 'disconnected', signal)
        const why = await acts.power(session, id, 'off', signal, guestOfFencedMs).then(
          () => null,
          (error: unknown) => {
            signal.throwIfAborted()
            if (codeOf(error) !== 'source-refused') throw error
            return messageOf(error)
          },
        )
        return why === null
          ? `All network cards of ${id} are disconnected, and it is off.`
          : `All network cards of ${id} are disconnected; it is not off: ${why}`
      }, signal),
    isFenced: async (id, signal) => await run(async (session) => await acts.isCutOff(session, id, signal), signal),
    unfence: async (id, signal) =>
      await run(async (session) => {
        await acts.network(session, id, 'connected', signal)
        await acts.power(session, id, 'on', signal)
      }, signal),
    close,
  }
}

type Sessions<Session> = {
  readonly open: (http: HttpConnection, signal: AbortSignal) => Promise<Session>
  /** Absent where a session ends by itself alone. */
  readonly end?: (session: Session, signal: AbortSignal) => Promise<void>
}

const logoutMs = 5_000

/** One session for everything, opened at first use and once more when it was lost. `service`: how sentences call the provider. */
export function connectionOf<Session extends object>(service: string, trust: Trust, { open, end }: Sessions<Session>): Connection<Session> {
  const http = openHttp({ service, unreachable: 'source-unreachable', trust })
  let current: Session | null = null
  let opening: Promise<unknown> = Promise.resolve()

  /** One log-in at a time: logins are counted, and orphaned ones pile up on the server. */
  const session = async (signal: AbortSignal): Promise<Session> => {
    const mine = opening.then(async () => (current ??= await open(http, signal)))
    opening = mine.catch(() => undefined)
    // Another's log-in may take longer than this caller wants to wait.
    return await orAbort(mine, signal)
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
    peer: http.peer,
    close: async () => {
      const last = current
      current = null
      // A session that cannot be ended (the server is gone, or ended it already) times out on the other side.
      if (last !== null) await end?.(last, AbortSignal.timeout(logoutMs)).catch(() => undefined)
      await http.close()
    },
  }
}
