// The door on TCP: a bearer token with a scope for every call, a limit to how often, and an account of who asked for what.
// On the socket of the machine nothing of this is needed.
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../app/app.ts'
import { LifeboatError } from '../core/errors.ts'
import type { Audit } from './audit.ts'
import { allows, localFieldIn, needOf, needOfCall, type Scope } from './scopes.ts'

/** As lifeboat.yaml has it; `hash`: `sha256:` and the SHA-256 of the token. */
export type Token = { readonly name: string; readonly scope: Scope; readonly hash: string }

export type Door = {
  readonly tokens: readonly Token[]
  /** Of this server: nobody brings one of their own over TCP. `who` is the name of the token. */
  readonly context: Omit<Context, 'who'>
  readonly audit: Audit
  /** Calls a minute. */
  readonly limits?: { readonly perToken: number; readonly perStranger: number }
}

type Caller = { readonly token: Token; readonly call: string; isAudited: boolean }
const usual = { perToken: 600, perStranger: 30 }

/** Puts the door before all routes of a server. */
export function hangDoor(server: FastifyInstance, { tokens, context, audit, limits = usual }: Door): void {
  const callers = new WeakMap<FastifyRequest, Caller>()
  const entry = (request: FastifyRequest, who: string, call: string) => ({ call, who, address: request.ip, method: request.method, path: pathOf(request) })
  const refuse = async (request: FastifyRequest, token: Token, needs: string): Promise<never> => {
    await audit.write({ ...entry(request, token.name, randomUUID()), what: 'refused' })
    throw new LifeboatError('caller-may-not', `The token ${token.name} has the scope ${token.scope}; this ${needs}.`)
  }

  server.addHook('onRoute', ({ method, url }) => {
    const missing = [method].flat().find((each) => needOf(each, url) === null)
    if (missing !== undefined) throw new Error(`Nobody has said who may use ${missing} ${url} over TCP (server/scopes.ts).`)
  })
  void server.register(rateLimit, { global: false })
  server.after(() => {
    const ofToken = server.createRateLimit({ max: limits.perToken, timeWindow: '1 minute', keyGenerator: (request) => callers.get(request)?.token.name ?? '' })
    const ofStranger = server.createRateLimit({ max: limits.perStranger, timeWindow: '1 minute', keyGenerator: (request) => request.ip })
    server.addHook('onRequest', async (request, reply) => {
      const needs = needOf(request.method, request.routeOptions.url ?? '')
      if (needs === 'open') return
      const token = tokenOf(request, tokens)
      if (token === null) {
        slowDown(await ofStranger(request), reply)
        throw new LifeboatError('caller-unknown', 'This needs a token that is known here: Authorization: Bearer …')
      }
      callers.set(request, { token, call: randomUUID(), isAudited: false })
      slowDown(await ofToken(request), reply)
      if (needs === null || needs === 'local') return await refuse(request, token, 'is not done over TCP')
      if (!allows(token.scope, needs)) return await refuse(request, token, `needs ${needs}`)
    })
  })
  server.addHook('preHandler', async (request) => {
    const caller = callers.get(request)
    if (caller === undefined || request.method !== 'POST') return
    const { token, call } = caller
    const body = request.body ?? {}
    const local = localFieldIn(body)
    if (typeof body !== 'object' || local !== null)
      throw new LifeboatError('usage', `Over TCP nobody gives ${local ?? 'anything but an object'}: leave it out.`)
    if (needOf(request.method, request.routeOptions.url ?? '') === 'operate') {
      const needs = needOfCall(request.params, body)
      if (!allows(token.scope, needs)) return await refuse(request, token, `needs ${needs}`)
      caller.isAudited = true
      await audit.write({ ...entry(request, token.name, call), what: 'asked' })
    }
    request.body = { ...body, context: { ...context, who: `token ${token.name}` } }
  })
  server.addHook('onResponse', async (request, reply) => {
    const caller = callers.get(request)
    if (caller?.isAudited === true) await audit.write({ ...entry(request, caller.token.name, caller.call), what: 'answered', status: reply.statusCode })
  })
}

/** Whose token a request brings; all are compared, each in the same time. */
function tokenOf({ headers }: FastifyRequest, tokens: readonly Token[]): Token | null {
  const [, given] = /^Bearer (\S+)$/i.exec(headers.authorization ?? '') ?? []
  if (given === undefined) return null
  const digest = createHash('sha256').update(given).digest()
  const matches = tokens.map(({ hash }) => timingSafeEqual(Buffer.from(hash.slice('sha256:'.length), 'hex'), digest))
  return tokens[matches.indexOf(true)] ?? null
}

type Limit = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>

function slowDown(limit: Limit, reply: FastifyReply): void {
  if (limit.isAllowed || !limit.isExceeded) return
  void reply.header('retry-after', String(limit.ttlInSeconds))
  throw new LifeboatError('too-often', `More than ${limit.max} calls came within a minute.`)
}

function pathOf(request: FastifyRequest): string {
  return request.url.replace(/\?.*$/s, '').slice(0, 200)
}
