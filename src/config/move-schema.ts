// One entry under `moves:`.
import { z } from 'zod'
import { durationField, portField, secretField } from '../core/fields.ts'
import { resolvePath, type Place } from './place.ts'

export const slug = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must begin with a letter and have at most 31 small letters, digits and hyphens')

/** How nodes are reached by ssh; the same keys in `defaults`, providers and moves, the nearest wins. */
export function sshSchema(place: Place) {
  return z.strictObject({
    user: z.string().min(1).optional().describe('user on the node; default root'),
    port: portField.optional().describe('default 22'),
    key: z
      .union([
        z
          .string()
          .startsWith('file:')
          .transform((text) => ({ file: resolvePath(text.slice('file:'.length), place) })),
        secretField,
      ])
      .optional()
      .describe('file:PATH of a private key that ssh reads itself; env: and command: give its contents, kept in an agent of the run'),
    jump: z
      .string()
      .regex(/^[^\s-]\S*$/, 'must be [user@]host[:port]')
      .optional()
      .describe('machine to go through: [user@]host[:port]'),
    sudo: z.boolean().optional().describe('run commands through sudo; default false'),
  })
}

export const finishSchema = z.strictObject({
  policy: z
    .enum(['manual', 'auto-rollback'])
    .optional()
    .describe('who ends it: a person, or on a regression within watchFor the way back by itself; default manual'),
  remindAfter: durationField({ atLeastMs: 1000 }).optional().describe('remind of an unfinished move after; default 3d'),
  watchFor: durationField().optional().describe('how long the target is watched after the switch; default 30m'),
  forwardFor: durationField().optional().describe('how long the old address must have been quiet before forwarding stops; default 24h'),
})

export const budgetField = durationField({ atLeastMs: 1000, atMostMs: 600_000 }).describe('longest time in which clients may wait; default 20s')

const port = z.union(
  [
    portField.transform((number) => ({ port: number, protocol: 'tcp' as const, proxyProtocol: false })),
    z
      .string()
      .regex(/^\d{1,5}\/(tcp|udp)$/)
      .transform((text) => {
        const [number, protocol] = text.split('/')
        return { port: Number(number), protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const), proxyProtocol: false }
      })
      .refine(({ port: number }) => number >= 1 && number <= 65_535),
    z
      .strictObject({
        port: portField,
        protocol: z.enum(['tcp', 'udp']).default('tcp'),
        proxyProtocol: z
          .union([z.boolean(), portField], 'must be true, false, or the port where the service expects that header')
          .default(false)
          .describe('what is forwarded begins with a PROXY header, so that the service sees whose it is: at this port (true) or at another one'),
      })
      .refine(({ protocol, proxyProtocol }) => protocol === 'tcp' || proxyProtocol === false, 'has a PROXY header for udp, which has none'),
  ],
  'must be a port from 1 to 65535, "53/udp", or { port, protocol, proxyProtocol }',
)

const timeout = durationField({ atLeastMs: 100, atMostMs: 600_000 }).prefault('5s').describe('default 5s')

const check = z.union(
  [
    z
      .strictObject({
        http: z.string().regex(/^https?:\/\/\S+$/, 'must be an http or https URL; {address} stands for the side that is checked'),
        expect: z.number().int().min(100).max(599).default(200),
        timeout,
      })
      .transform((it) => ({ kind: 'http' as const, url: it.http, expect: it.expect, timeoutMs: it.timeout })),
    z.strictObject({ tcp: portField, timeout }).transform((it) => ({ kind: 'tcp' as const, port: it.tcp, timeoutMs: it.timeout })),
    z.strictObject({ command: z.string().min(1), timeout }).transform((it) => ({ kind: 'command' as const, command: it.command, timeoutMs: it.timeout })),
    z
      .strictObject({ sql: z.string().min(1), data: slug.describe('name of the database under data:'), timeout })
      .transform((it) => ({ kind: 'sql' as const, sql: it.sql, data: it.data, timeoutMs: it.timeout })),
  ],
  'must be one of { http, expect }, { tcp }, { command }, { sql, data }',
)

/** systemd takes a name without a suffix for a service. */
const unit = z
  .string()
  .regex(/^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]*$/, 'must be the name of a systemd unit')
  .transform((text) => (/\.(service|socket|timer|path|target|mount|slice|scope)$/.test(text) ? text : `${text}.service`))

const dnsName = z
  .string()
  .transform((text) => text.toLowerCase().replace(/\.$/, ''))
  .refine((text) => !text.includes('*'), 'must not be a wildcard: a switch could not tell whose name it is')
  .refine((text) => text.length <= 253 && /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]+$/.test(text), 'must be a full DNS name')

const windowTime = z.string().regex(/^((Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?([01]\d|2[0-3]):[0-5]\d$/, 'must be a time like "22:00" or "Sat 22:00"')

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat(undefined, { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

const windowSchema = z
  .strictObject({ from: windowTime, to: windowTime, zone: z.string().refine(isTimeZone, 'must be a time zone like Europe/Berlin') })
  .refine(({ from, to }) => from.includes(' ') === to.includes(' '), 'must name a weekday at both ends, or at neither')
  .refine(({ from, to }) => from !== to, 'must not end when it begins')

const fence = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('provider') }),
  z.strictObject({ kind: z.literal('ssh') }),
  z
    .strictObject({
      kind: z.literal('hook'),
      command: z
        .string()
        .min(1)
        .describe('command of yours that cuts the node off and tells whether it is (docs/fences.md); runs in the folder of lifeboat.yaml'),
      deadline: durationField({ atLeastMs: 1000, atMostMs: 600_000 }).prefault('60s').describe('of each call; default 60s'),
    })
    .transform(({ deadline, ...rung }) => ({ ...rung, deadlineMs: deadline })),
])

/** `data` is the union of all movers' own keys. */
export function moveSchema<Data extends z.ZodType>(data: Data, place: Place) {
  const ssh = sshSchema(place)
  return z.strictObject({
    from: z
      .strictObject({
        provider: z.string().describe('one of providers:'),
        id: z.string().min(1).optional().describe('id of the node there'),
        name: z.string().min(1).optional().describe('its name, where it is unambiguous; default: the name of the move'),
        monthlyCost: z
          .strictObject({ amount: z.number().min(0), currency: z.string().regex(/^[A-Z]{3}$/, 'must be a currency like EUR') })
          .optional()
          .describe('what it costs there a month: the plan adds it to what both sides cost meanwhile'),
      })
      .refine((from) => from.id === undefined || from.name === undefined, 'must have id or name, not both'),
    to: z.strictObject({
      provider: z.string().describe('one of providers:'),
      size: z
        .string()
        .min(1)
        .default('auto')
        .describe('auto: by what the node has; fit: the cheapest that carries what a look inside saw in use; or a size of the provider'),
      image: z.string().min(1).optional().describe('what the new node runs'),
      disk: z.number().int().min(1).max(65_536).optional().describe('GiB of the data volume; default: as large as the data disks of the source'),
      node: z.string().min(1).optional().describe('name of a node that exists already; default: the name of the move'),
      ssh: ssh
        .extend({ address: z.string().min(1).optional() })
        .optional()
        .describe('how the target is reached, where it differs'),
    }),
    ssh: ssh
      .extend({ address: z.string().min(1).optional().describe('where the provider does not know it') })
      .optional()
      .describe('how the source is reached, where it differs'),
    downtimeBudget: budgetField.optional(),
    reverseSync: z.boolean().optional().describe('keep the source in step after the switch'),
    finish: finishSchema.optional(),
    data: z.array(data).default([]).describe('what is kept in step'),
    services: z.array(unit).default([]).describe('units that stop in the freeze and start at promotion, in this order'),
    singletons: z.array(unit).default([]).describe('units that must never run on both sides: stopped first, started last'),
    ports: z.array(port).default([]).describe('held during the freeze, forwarded after it'),
    checks: z.array(check).default([]).describe('what tells whether a side serves'),
    names: z
      .array(z.strictObject({ dns: z.string().describe('one of dns:'), name: dnsName }))
      .default([])
      .describe('names whose A and AAAA records of this node move with it'),
    after: z.array(z.string()).default([]).describe('moves that go before this one'),
    window: windowSchema.optional().describe('when the switch may happen'),
    standby: z
      .strictObject({
        size: z.string().optional().describe('its size while it is parked: auto, fit or a size; absent: it is not parked'),
        drill: durationField({ atLeastMs: 3_600_000 }).optional().describe('how often serve tries it (drill D1)'),
      })
      .optional()
      .describe('kept in step and promoted by a failover'),
    fence: z
      .array(fence)
      .default([{ kind: 'provider' }, { kind: 'ssh' }])
      .describe('how the source is cut off in a failover, tried in this order; default: provider, then ssh'),
  })
}
