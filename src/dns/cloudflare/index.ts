// Cloudflare as the name server of a zone.
import { z } from 'zod'
import { secretField } from '../../core/fields.ts'
import { parseEndpoint } from '../nameservers.ts'
import type { DnsAdapter } from '../provider.ts'
import { openCloudflare } from './api.ts'
import { cloudflareProvider } from './provider.ts'

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

const schema = z.strictObject({
  kind: z.literal('cloudflare'),
  zoneId: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'must be the id of a zone: 32 hexadecimal digits')
    .describe('Id of the zone, as its overview shows it'),
  token: secretField.describe('API token that may edit the DNS of this zone and read the zone, as a reference'),
  shortestTtl: z.number().int().min(1).max(300).default(60).describe('shortest time to live that the plan allows, in seconds; 30 on an Enterprise plan'),
  authorities: z
    .array(z.string().refine((text) => parseEndpoint(text) !== null, 'must be an address, with or without a port'))
    .optional()
    .describe('Servers that must agree after a switch; default: the ones that Cloudflare names for the zone'),
  endpoint: z
    .url()
    // The token goes there.
    .refine((text) => URL.parse(text)?.protocol === 'https:' || loopback.has(URL.parse(text)?.hostname ?? ''), 'must begin with https://')
    .default('https://api.cloudflare.com/client/v4')
    .describe('only for a lab'),
})

/** The adapter of kind `cloudflare`. */
export const cloudflare: DnsAdapter<typeof schema> = {
  schema,
  connect: async (name, { zoneId, token, shortestTtl, authorities = [], endpoint }) => {
    const service = `Cloudflare (${name})`
    const servers = authorities.flatMap((text) => parseEndpoint(text) ?? [])
    return cloudflareProvider({ service, api: openCloudflare({ service, endpoint, zoneId, token }), authorities: servers, shortestTtl })
  },
}
