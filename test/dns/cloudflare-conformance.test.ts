import { Secret } from '../../src/core/secret.ts'
import { cloudflare } from '../../src/dns/cloudflare/index.ts'
import { dnsConformance } from '../conformance/dns.ts'
import { startCloudflare } from '../support/cloudflare.ts'
import { startMirror } from '../support/mirror.ts'

dnsConformance('cloudflare on our simulator', false, async (t) => {
  const { url, zoneId, token, records, changes } = await startCloudflare(t)
  const { address, port } = await startMirror(t, records)
  const config = { kind: 'cloudflare', zoneId, token: new Secret(token), shortestTtl: 1, endpoint: url, authorities: [`${address}:${port}`] }
  const provider = await cloudflare.connect('cf', cloudflare.schema.parse(config), { tell: () => {} })
  return { provider, records, changes, sequences: 10 }
})
