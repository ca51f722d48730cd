// Dynamic updates signed with TSIG: BIND, Knot and whoever else speaks RFC 2136.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { normaliseName } from '../names.ts'
import { dnsPort, parseEndpoint } from '../nameservers.ts'
import type { Authority, DnsAdapter } from '../provider.ts'
import { lowerName } from '../wire-name.ts'
import { rfc2136Provider } from './provider.ts'
import { algorithms, secretBytes } from './tsig.ts'

const schema = z.strictObject({
  kind: z.literal('rfc2136'),
  server: z.string().min(1).describe('Name server that takes updates, an address or a host name'),
  port: z.number().int().min(1).max(65_535).default(dnsPort).describe('Its TCP port'),
  zone: z.string().min(1).describe('Zone that holds the names, such as shop.example'),
  key: z
    .strictObject({
      name: z.string().min(1).describe('Name of the TSIG key'),
      algorithm: z.enum(algorithms).describe('Algorithm of the TSIG key'),
      secret: z.instanceof(Secret).describe('Secret of the TSIG key in base64, as a reference'),
    })
    .describe('TSIG key that may change the names and their _lifeboat records'),
  authorities: z
    .array(z.string())
    .optional()
    .describe('Servers that must agree after a switch, such as 192.0.2.53 or [2001:db8::53]:5353; default: the NS records of the zone'),
})

/** The adapter of kind `rfc2136`. */
export const rfc2136: DnsAdapter<typeof schema> = {
  schema,
  connect: async (name, config) => {
    if (secretBytes(config.key.secret) === null) {
      throw new LifeboatError('secret-unavailable', `The TSIG secret of dns.${name} is not base64.`)
    }
    return rfc2136Provider({
      server: { address: config.server, port: config.port },
      zone: normaliseName(config.zone),
      key: { ...config.key, name: lowerName(config.key.name).replace(/\.$/, '') },
      authorities: (config.authorities ?? []).map((text) => endpointOf(name, text)),
      clock: () => Date.now(),
    })
  },
}

function endpointOf(name: string, text: string): Authority {
  const endpoint = parseEndpoint(text)
  if (endpoint === null) throw new LifeboatError('config-invalid', `dns.${name}.authorities: ${JSON.stringify(text)} is not an address with or without a port.`)
  return endpoint
}
