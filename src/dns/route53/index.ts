// Amazon Route 53.
import { z } from 'zod'
import { secretField } from '../../core/fields.ts'
import { parseEndpoint } from '../nameservers.ts'
import type { DnsAdapter } from '../provider.ts'

const schema = z
  .strictObject({
    kind: z.literal('route53'),
    zoneId: z
      .string()
      .regex(/^[A-Za-z0-9]{1,32}$/, 'must be the id of a hosted zone, such as Z0123456789ABC')
      .describe('Id of the public hosted zone'),
    profile: z.string().min(1).optional().describe('profile of the AWS configuration files; default: what the environment offers'),
    accessKey: secretField.optional().describe('with secretKey, instead of a profile'),
    secretKey: secretField.optional(),
    authorities: z
      .array(z.string().refine((text) => parseEndpoint(text) !== null, 'must be an address, with or without a port'))
      .optional()
      .describe('Servers that must agree after a switch; default: the ones that Route 53 names for the zone'),
    endpoint: z.url().optional().describe('only for a lab'),
  })
  .refine(({ accessKey, secretKey }) => (accessKey === undefined) === (secretKey === undefined), 'needs accessKey and secretKey together, or neither')
  .refine(({ accessKey, profile }) => accessKey === undefined || profile === undefined, 'needs either profile, or accessKey and secretKey')

/** The adapter of kind `route53`. Its client is loaded when a name is moved, not before. */
export const route53: DnsAdapter<typeof schema> = {
  schema,
  connect: async (name, { zoneId, profile, accessKey, secretKey, authorities = [], endpoint }) => {
    const [{ Route53Client }, { route53Provider }] = await Promise.all([import('@aws-sdk/client-route-53'), import('./provider.ts')])
    const client = new Route53Client({
      // It has one region for everybody; the signature names it.
      region: 'us-east-1',
      maxAttempts: 5,
      requestHandler: { connectionTimeout: 5000, requestTimeout: 15_000, throwOnRequestTimeout: true },
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(profile === undefined ? {} : { profile }),
      ...(accessKey === undefined || secretKey === undefined ? {} : { credentials: { accessKeyId: accessKey.reveal(), secretAccessKey: secretKey.reveal() } }),
    })
    const servers = authorities.flatMap((text) => parseEndpoint(text) ?? [])
    return route53Provider({ service: `Route 53 (${name})`, zoneId, client, authorities: servers, everyMs: 2000 })
  },
}
