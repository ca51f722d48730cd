// Calls to the API of Cloudflare, and what it says when it does not do something.
// https://developers.cloudflare.com/api/resources/dns/subresources/records/
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { openHttp } from '../../io/http.ts'

export type CloudflareAccess = { readonly service: string; readonly endpoint: string; readonly zoneId: string; readonly token: Secret }

const recordSchema = z.object({
  id: z.string().min(1),
  type: z.string(),
  name: z.string(),
  content: z.string().default(''),
  /** 1: automatic. */
  ttl: z.number(),
  proxied: z.boolean().optional(),
})
export type CloudflareRecord = z.infer<typeof recordSchema>

const records = z.array(recordSchema)
const zone = z.object({ name: z.string(), name_servers: z.array(z.string()).default([]) })
const envelope = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).default([]),
  result: z.unknown(),
  result_info: z.object({ total_count: z.number() }).partial().nullish(),
})

/** In one database transaction, in the order of these keys (which is the documented one). */
export type Batch = {
  readonly deletes: readonly { readonly id: string }[]
  readonly patches: readonly { readonly id: string; readonly content: string; readonly ttl: number }[]
  readonly posts: readonly NewRecord[]
}
export type NewRecord = { readonly type: string; readonly name: string; readonly content: string; readonly ttl: number; readonly proxied: false }

export type Cloudflare = {
  readonly zone: (signal: AbortSignal) => Promise<z.infer<typeof zone>>
  /** All records of exactly this name. */
  readonly list: (name: string, signal: AbortSignal) => Promise<readonly CloudflareRecord[]>
  /** These calls fail with names-changed when a record is not, or is already, there. */
  readonly batch: (batch: Batch, signal: AbortSignal) => Promise<void>
  readonly post: (record: NewRecord, signal: AbortSignal) => Promise<CloudflareRecord>
  readonly remove: (id: string, signal: AbortSignal) => Promise<void>
}

const answerWithinMs = 30_000
const perPage = 1000
/** No such record; a record beside which it cannot be; the same record. */
const conflicts: ReadonlySet<number> = new Set([81_044, 81_053, 81_054, 81_057, 81_058])

export function openCloudflare(access: CloudflareAccess): Cloudflare {
  const { service, endpoint, zoneId } = access
  const http = openHttp({ service, unreachable: 'dns-unreachable' })
  const at = `/zones/${encodeURIComponent(zoneId)}`
  const call = async (what: string, method: 'GET' | 'POST' | 'DELETE', path: string, body: unknown, signal: AbortSignal): Promise<z.infer<typeof envelope>> => {
    signal.throwIfAborted()
    const headers = { authorization: `Bearer ${access.token.reveal()}`, 'content-type': 'application/json' }
    const answer = await http.send({
      url: `${endpoint}${path}`,
      method,
      headers,
      signal,
      deadlineMs: answerWithinMs,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const said = envelope.safeParse(jsonOf(answer.text))
    if (!said.success) throw new LifeboatError('answer-malformed', `What ${service} answered (${answer.status}) is not an answer of its API.`)
    if (answer.status < 300 && said.data.success) return said.data
    throw failureOf(access, what, answer.status, said.data.errors)
  }
  const parsed = <T>(schema: z.ZodType<T>, value: unknown): T => {
    const result = schema.safeParse(value)
    if (result.success) return result.data
    throw new LifeboatError('answer-malformed', `${service} answered without what was asked for: ${z.prettifyError(result.error).replaceAll(/\s+/g, ' ')}.`)
  }
  return {
    zone: async (signal) => parsed(zone, (await call(`show the zone ${zoneId}`, 'GET', at, undefined, signal)).result),
    list: async (name, signal) => {
      const query = new URLSearchParams({ 'name.exact': name, per_page: `${perPage}` })
      const { result, result_info: info } = await call(`list ${name}`, 'GET', `${at}/dns_records?${query.toString()}`, undefined, signal)
      const found = parsed(records, result)
      if ((info?.total_count ?? 0) > found.length) throw new LifeboatError('names-unfit', `${name} has more than ${perPage} records at ${service}.`)
      return found.filter((record) => record.name.toLowerCase() === name)
    },
    batch: async (batch, signal) => void (await call('make the change', 'POST', `${at}/dns_records/batch`, batch, signal)),
    post: async (record, signal) => parsed(recordSchema, (await call(`create ${record.name}`, 'POST', `${at}/dns_records`, record, signal)).result),
    remove: async (id, signal) => void (await call('delete a record', 'DELETE', `${at}/dns_records/${encodeURIComponent(id)}`, undefined, signal)),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

type Said = readonly { readonly code: number; readonly message: string }[]

function failureOf({ service, token }: CloudflareAccess, what: string, status: number, errors: Said): LifeboatError {
  const words = errors.map(({ code, message }) => `${message} (${code})`).join('; ') || `HTTP ${status}`
  const text = words.replaceAll(token.reveal(), '[secret]').replaceAll(/\s+/g, ' ').slice(0, 400)
  const isConflict = errors.some(({ code }) => conflicts.has(code))
  const code = isConflict ? 'names-changed' : status >= 500 ? 'dns-unreachable' : 'dns-refused'
  return new LifeboatError(code, `${service} did not ${what}: ${text.replace(/\.?$/, '.')}`)
}
