// APIs of targets that answer JSON: one way to ask them, and one reading of what they say when they do not do something.
import { z } from 'zod'
import { LifeboatError } from '../core/errors.ts'
import { openHttp } from '../io/http.ts'
import type { Trust } from '../io/tls.ts'
import type { ReadFailure } from './provider.ts'
import { quoted } from './said.ts'

export type JsonApiOptions = {
  /** How sentences call it: "Hetzner". */
  readonly service: string
  readonly headers: (signal: AbortSignal) => Promise<Readonly<Record<string, string>>>
  readonly readFailure: ReadFailure
  /** What no sentence may repeat. */
  readonly secrets: readonly string[]
  readonly trust?: Trust
}

export type Change = { readonly method: 'PUT' | 'POST' | 'DELETE'; readonly body?: unknown }

export type JsonApi = {
  /**
   * What is at this address, parsed; null: nothing (404). `what` finishes "… did not answer": "whether web-1 exists".
   * Fails with target-refused, target-unreachable or answer-malformed.
   */
  readonly ask: <T>(what: string, url: string, schema: z.ZodType<T>, signal: AbortSignal, change?: Change) => Promise<T | null>
}

/** Each API puts its words somewhere else: `{message}`, `{error: {code, message}}`, `{badRequest: {message}}`. */
const wordsSchema = z.union([
  z.object({ message: z.string() }).transform(({ message }) => message),
  z
    .record(z.string(), z.unknown())
    .transform((body) => Object.values(body).map((value) => z.object({ code: z.unknown(), message: z.string() }).partial().safeParse(value).data))
    .transform((parts) =>
      parts.flatMap((part) => (part?.message === undefined ? [] : [`${part.message}${typeof part.code === 'string' ? ` (${part.code})` : ''}`])),
    )
    .transform((words) => words.join('; ')),
])

export function openJsonApi({ service, headers, readFailure, secrets, trust }: JsonApiOptions): JsonApi {
  const http = openHttp({ service, unreachable: 'target-unreachable', trust })
  return {
    ask: async (what, url, schema, signal, change) => {
      const answer = await http.send({
        url,
        signal,
        headers: { ...(await headers(signal)), ...(change?.body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(change === undefined ? {} : { method: change.method }),
        ...(change?.body === undefined ? {} : { body: JSON.stringify(change.body) }),
      })
      if (answer.status === 404) return null
      const body = jsonOf(answer.text)
      if (answer.status >= 300) throw failureOf(answer.status, body, what)
      const parsed = schema.safeParse(body)
      if (parsed.success) return parsed.data
      throw new LifeboatError('answer-malformed', `${service} answered ${what} with something that is not of its API.`, { cause: parsed.error })
    },
  }

  function failureOf(status: number, body: unknown, what: string): LifeboatError {
    const words = quoted(wordsSchema.safeParse(body).data, secrets)
    const isUnreachable = status === 401 || status === 403 || status >= 500 || readFailure(words ?? '') === 'unreachable'
    const code = isUnreachable && readFailure(words ?? '') !== 'refused' ? 'target-unreachable' : 'target-refused'
    return new LifeboatError(code, `${service} did not answer ${what}: ${words ?? 'no reason'} (HTTP ${status}).`)
  }
}

/** Parsed JSON; null: it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
