import { after } from 'node:test'
import { dnsConformance } from '../conformance/dns.ts'
import { missingMoto, startMoto, type Moto } from '../support/moto.ts'
import { openHostedZone } from '../support/route53-zone.ts'

let moto: Promise<Moto> | null = null
after(async () => await (await moto)?.stop())

dnsConformance('route53 on moto', missingMoto, async (t) => ({ ...(await openHostedZone(t, await (moto ??= startMoto()))), sequences: 8 }))
