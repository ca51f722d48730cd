// HTTP over the socket of a controller, with Node's own client: every command loads this file before it does anything.
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { LifeboatError, codeOf, type Details } from '../core/errors.ts'

export type Line = {
  /** The body of the answer as it comes. Fails with what the controller answered as `lifeboat.error/1`, as a LifeboatError of the same code; with controller-unreachable; or with the reason of the signal. */
  readonly open: (asked: Asked, signal: AbortSignal) => Promise<AsyncIterable<Buffer>>
  /** The answer as a whole; null where it is empty. */
  readonly value: (asked: Asked, signal: AbortSignal) => Promise<unknown>
  /** Ends what is still being answered. */
  readonly close: () => void
}

export type Asked = { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: unknown; readonly accept?: string }

export function lineTo(socket: string): Line {
  const closed = new AbortController()
  const open = async (asked: Asked, given: AbortSignal): Promise<IncomingMessage> => {
    const signal = AbortSignal.any([given, closed.signal])
    const answer = await send(socket, asked, signal).catch((cause: unknown) => {
      throw lost(cause, signal)
    })
    if ((answer.statusCode ?? 0) < 400) return answer
    throw parseFailure(await text(answer)) ?? new LifeboatError('defect', `The controller answered ${answer.statusCode}.`)
  }
  return {
    open,
    value: async (asked, signal) => {
      const answer = await open(asked, signal)
      const all = await text(answer).catch((cause: unknown) => {
        throw lost(cause, signal)
      })
      return all === '' ? null : JSON.parse(all)
    },
    close: () => closed.abort(new LifeboatError('controller-unreachable', 'The line to the controller was closed.')),
  }
}

async function send(socketPath: string, { method, path, body, accept = 'application/json' }: Asked, signal: AbortSignal): Promise<IncomingMessage> {
  const written = body === undefined ? '' : JSON.stringify(body)
  const headers = body === undefined ? { accept } : { accept, 'content-type': 'application/json', 'content-length': Buffer.byteLength(written) }
  return await new Promise((resolve, reject) => {
    request({ socketPath, method, path, headers, signal, agent: false }, resolve).on('error', reject).end(written)
  })
}

function lost(cause: unknown, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : new LifeboatError('controller-unreachable', 'The controller does not answer.', { cause })
}

/** What a controller, or its log, tells as `lifeboat.error/1`; null: it is something else. */
export function parseFailure(said: string): LifeboatError | null {
  try {
    const { code, message, details } = JSON.parse(said) as { code?: unknown; message?: unknown; details?: Details }
    if (typeof code !== 'string' || typeof message !== 'string') return null
    return new LifeboatError(codeOf({ code }), message, details === undefined ? {} : { details })
  } catch {
    return null
  }
}
