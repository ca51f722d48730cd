// lifeboat.yaml, the whole page. What an adapter needs (keys of a provider kind, of a DNS kind, of a mover) it brings
// itself; this file names none of them.
import { z } from 'zod'
import { durationField, secretField } from '../core/fields.ts'
import { stateName } from './find.ts'
import { budgetField, finishSchema, moveSchema, slug, sshSchema } from './move-schema.ts'
import { resolvePath, type Place } from './place.ts'
import { takesSecret } from './problems.ts'

/** The keys of one kind: a strict object whose `kind` (for hooks `family`) is a literal. */
type KindSchema = z.ZodObject
export type Kinds = {
  readonly providers: readonly KindSchema[]
  readonly dns: readonly KindSchema[]
  readonly data: readonly KindSchema[]
  readonly hooks: readonly KindSchema[]
  /** What an entry under `data:` has to itself; null: no database. */
  readonly claimsOf: (data: OfKind) => DatabaseClaims | null
  /** Whether what a provider of this kind gets is declared with Pulumi. */
  readonly declares: (kind: string) => boolean
}

/** A port, units and folders that a database has to itself (movers/mover.ts). */
export type DatabaseClaims = { readonly port: number; readonly units: readonly string[]; readonly folders: readonly string[] }

/** One provider, DNS server or piece of data: beside these keys it has those that its adapter declared and parsed. */
export type OfKind = { readonly kind: string; readonly [key: string]: unknown }
export type ProviderConfig = OfKind & { readonly ssh?: SshConfig | undefined; readonly contact?: z.infer<typeof contact> | undefined }
export type SshConfig = z.infer<ReturnType<typeof sshSchema>>
export type Config = z.output<ReturnType<typeof configSchema>>
export type MoveConfig = Config['moves'][string]

const contact = z.strictObject({
  statusPage: z.url().optional().describe('where the provider tells of outages'),
  ticket: z.string().optional().describe('where a ticket is opened'),
  phone: z.string().optional(),
  forum: z.string().optional(),
})

const limits = z.strictObject({
  perSource: z.number().int().min(1).default(4).describe('moves that copy from one source at the same time'),
  perTarget: z.number().int().min(1).default(8).describe('moves that copy to one target at the same time'),
  linkMbps: z.number().positive().optional().describe('megabits a second that all folder copies together may take; default: no limit'),
  startsPerHour: z.number().int().min(1).default(20).describe('nodes that may be made at one target within an hour'),
})

const observer = z.strictObject({
  name: slug,
  failureDomain: z.string().min(1).describe('what fails together: provider, region, power'),
  url: z.url().optional().describe('of another Lifeboat server; default: this one looks itself'),
  token: secretField.optional(),
})

const policy = z.strictObject({
  mode: z.enum(['observe', 'propose', 'auto']).default('observe').describe('what a verdict leads to'),
  quorum: z.number().int().min(1).default(2).describe('votes that must agree: more than the observers of any one failure domain'),
  hold: durationField().prefault('30s').describe('how long they must agree'),
  maxLag: durationField().prefault('10s').describe('no failover by itself when the standby is further behind'),
  blockPeriod: durationField().prefault('1h').describe('no second failover by itself within'),
  maxConcurrent: z.number().int().min(1).default(1).describe('failovers at the same time, beyond which none begins by itself'),
  maxPerHour: z.number().int().min(1).default(2).describe('failovers that may begin by themselves within an hour, over all moves'),
  drillWithin: durationField().prefault('14d').describe('no failover by itself without a drill within'),
  witness: z.string().optional().describe('one of dns: that keeps the epoch'),
})

const watch = z.strictObject({
  interval: durationField({ atLeastMs: 1000 }).prefault('5s').describe('time between two looks'),
  observers: z.array(observer).default([]),
  resolvers: z
    .array(z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }))
    .default([])
    .describe('caches that are asked after a switch what clients are still told; default: the one of the machine that runs the move'),
  controls: z.array(z.url()).default([]).describe('targets that tell an observer whether it is well itself'),
  statusPageInterval: durationField({ atLeastMs: 1000 }).prefault('1m').describe('time between two looks at the status page of a provider'),
  keepFor: durationField({ atLeastMs: 86_400_000 }).prefault('90d').describe('how long evidence is kept'),
  policy: policy.prefault({}),
})

const deadMan = z.strictObject({
  alarm: z.string().min(1).default('Watchdog').describe('the alarm that always fires, as its text begins'),
  within: durationField({ atLeastMs: 1000 }).prefault('10m').describe('how long it may stay away'),
})

const server = z.strictObject({
  listen: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[^\s:[\]]+):\d{1,5}$/, 'must be address:port')
    .default('127.0.0.1:8420'),
  tokens: z
    .array(
      z.strictObject({
        name: slug,
        scope: z.enum(['read', 'operate', 'approve']),
        hash: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits'),
      }),
    )
    .default([]),
})

/** The schema of the page for these adapters; paths come out absolute, durations in milliseconds, secrets as `Secret`. */
export function configSchema(kinds: Kinds, place: Place) {
  const ssh = sshSchema(place)
  const providers = ofKinds<ProviderConfig>(kinds.providers, 'kind', { ssh: ssh.optional(), contact: contact.optional() })
  const dns = ofKinds<OfKind>(kinds.dns, 'kind', {})
  const data = ofKinds<OfKind & { readonly name?: string | undefined }>(kinds.data, 'kind', { name: slug.optional().describe('default: the kind') })
  return z.strictObject({
    project: slug.describe('names stacks, journal and reports'),
    state: z
      .string()
      .min(1)
      .prefault(stateName)
      .transform((text) => resolvePath(text, place))
      .describe('where local state lives'),
    database: secretField.optional().describe('URL of a PostgreSQL; default: an embedded one'),
    pulumi: z
      .strictObject({ backend: z.string().min(1).optional().describe('URL; default: in the state folder'), passphrase: secretField.optional() })
      .default({}),
    providers: z.record(slug, providers).describe('where nodes live or could live'),
    dns: z.record(slug, dns).default({}).describe('who answers for names'),
    defaults: z
      .strictObject({ ssh: ssh.optional(), downtimeBudget: budgetField.optional(), reverseSync: z.boolean().optional(), finish: finishSchema.optional() })
      .default({}),
    limits: limits.prefault({}),
    moves: z.record(slug, moveSchema(data, place)).default({}),
    freezes: z.record(slug, z.array(z.string()).min(2).max(16)).default({}).describe('moves that are switched as one, in one freeze: name -> moves'),
    watch: watch.prefault({}),
    hooks: z
      .record(slug, ofKinds<HookConfig>(kinds.hooks, 'family', { deadMan: deadMan.optional() }))
      .default({})
      .describe('webhooks that are taken as evidence'),
    server: server.prefault({}),
  })
}

/** An alarm that always fires, so that its silence tells that monitoring is blind. */
export type HookConfig = { readonly family: string; readonly deadMan?: z.output<typeof deadMan> | undefined; readonly [key: string]: unknown }

function ofKinds<Output>(schemas: readonly KindSchema[], discriminator: 'kind' | 'family', shared: z.ZodRawShape): z.ZodType<Output> {
  const [first, ...others] = schemas.map((schema) => schema.safeExtend(shared).strict())
  if (!first) return z.never('cannot be used: nothing of this sort is built in')
  // zod cannot know the keys of schemas that it is handed at run time; each has the discriminator and its own keys.
  return z.discriminatedUnion(discriminator, [first, ...others]) as unknown as z.ZodType<Output>
}

/** JSON Schema of the file as people write it, for editors; secrets are references there. */
export function jsonSchema(kinds: Kinds): unknown {
  return z.toJSONSchema(configSchema(kinds, { baseFolder: '/', home: '/' }), {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: json }) => {
      if (takesSecret(zodSchema)) Object.assign(json, { type: 'string', pattern: '^(env|file|command):.' })
    },
  })
}
