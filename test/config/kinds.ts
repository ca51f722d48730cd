// Adapters' keys as they look from the configuration: the kinds of the page, each with what it needs here.
import { z } from 'zod'
import { portField, secretField } from '../../src/core/fields.ts'
import type { Kinds } from '../../src/config/schema.ts'
import { staticSchema } from '../../src/providers/static.ts'

const login = { url: z.url(), user: z.string(), password: secretField.describe('password of that user') }
const tls = z.union([z.strictObject({ fingerprint: z.string() }), z.strictObject({ ca: secretField })])

export const kinds: Kinds = {
  providers: [
    z.strictObject({ kind: z.literal('vsphere'), ...login, tls: tls.optional() }),
    z.strictObject({ kind: z.literal('vcloud'), ...login, org: z.string() }),
    z.strictObject({ kind: z.literal('terremark'), ...login }),
    staticSchema,
    z.strictObject({
      kind: z.literal('aws'),
      region: z.string(),
      profile: z.string().optional(),
      network: z.strictObject({ cidr: z.string() }).optional(),
      accessKey: secretField.optional(),
    }),
  ],
  dns: [
    z.strictObject({
      kind: z.literal('rfc2136'),
      server: z.string(),
      port: portField.default(53),
      zone: z.string(),
      key: z.strictObject({ name: z.string(), algorithm: z.enum(['hmac-sha256', 'hmac-sha512']), secret: secretField }),
    }),
    z.strictObject({ kind: z.literal('manual') }),
  ],
  data: [
    z.strictObject({ kind: z.literal('files'), path: z.string().startsWith('/'), exclude: z.array(z.string()).default([]) }),
    z.strictObject({ kind: z.literal('postgres'), password: secretField.optional() }),
  ],
  claimsOf: ({ kind }) => (kind === 'postgres' ? { port: 5432, units: ['postgresql.service'], folders: ['/var/lib/postgresql/15/main'] } : null),
  declares: (kind) => kind === 'aws',
  hooks: [z.strictObject({ family: z.literal('alertmanager'), bearer: secretField.optional() })],
}

/** A configuration that is right; the tests of mistakes change a line of it. */
export const small = `project: shop
providers:
  old: { kind: vsphere, url: "https://vc.example/sdk", user: ops, password: env:VC_PASSWORD }
  new: { kind: aws, region: eu-central-1 }
dns:
  zone: { kind: rfc2136, server: 192.0.2.53, zone: shop.example, key: { name: k1, algorithm: hmac-sha256, secret: env:TSIG } }
moves:
  db-1: { from: { provider: old }, to: { provider: new } }
  web-1:
    from: { provider: old }
    to: { provider: new }
`
