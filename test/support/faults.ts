// What can befall an answer on its way (fault-proxy.ts), whatever service gives it.
import type { Strike } from './fault-proxy.ts'

/** This, in the place of the service. */
export function answers(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Strike {
  return async () => ({ status, headers, body })
}

/** The service's own answer with its text changed. */
export function rewrites(change: (text: string) => string): Strike {
  return async ({ forward }) => {
    const answer = await forward()
    return { ...answer, body: change(answer.body) }
  }
}

/** The service's own answer with these headers instead of its own of that name. */
export function labels(headers: Readonly<Record<string, string>>): Strike {
  return async ({ forward }) => {
    const answer = await forward()
    return { ...answer, headers: { ...answer.headers, ...headers } }
  }
}

/** Half of the service's own answer; then the connection ends, or nothing more comes. */
export function stops(ends: 'cut' | 'stall'): Strike {
  return async ({ forward }) => ({ ...(await forward()), ends })
}

/** The service's own answer; whoever connects after it meets another certificate. */
export const changesCertificate: Strike = async ({ forward, changeCertificate }) => {
  const answer = await forward()
  await changeCertificate()
  return { ...answer, ends: 'close' }
}

export type Flood = { readonly with: Strike; readonly sent: () => number }

/** So many bytes of an answer that begins like XML, made while they are taken. */
export function floods(bytes: number): Flood {
  const chunk = Buffer.alloc(1024 * 1024, '<a>many</a>')
  let sent = 0
  function* body(): Generator<Buffer> {
    yield Buffer.from('<?xml version="1.0"?><all>')
    for (; sent < bytes; sent += chunk.length) yield chunk
  }
  return { with: async () => await Promise.resolve({ status: 200, headers: { 'content-type': 'text/xml' }, body: body() }), sent: () => sent }
}
