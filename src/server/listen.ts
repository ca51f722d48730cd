// Where a server of ours listens: `HOST:PORT`, of an IPv6 address in brackets.
import type { FastifyInstance } from 'fastify'
import { LifeboatError, messageOf } from '../core/errors.ts'

/** Answers the URL. `key`: what named the place. Fails with config-invalid when it cannot listen there. */
export async function listenAt(server: FastifyInstance, listen: string, key: string): Promise<string> {
  const at = listen.lastIndexOf(':')
  const place = { host: listen.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(listen.slice(at + 1)) }
  return await server.listen(place).catch((cause: unknown) => {
    throw new LifeboatError('config-invalid', `${key}: ${listen} cannot be had: ${messageOf(cause)}.`, { cause })
  })
}
