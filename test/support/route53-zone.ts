// A hosted zone of the simulated AWS with the records of `shopZone`, and a name server that answers them.
import type { TestContext } from 'node:test'
import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand, Route53Client, type ResourceRecordSet, type RRType } from '@aws-sdk/client-route-53'
import type { DnsProvider } from '../../src/dns/provider.ts'
import { route53Provider } from '../../src/dns/route53/provider.ts'
import { startMirror } from './mirror.ts'
import type { Moto } from './moto.ts'

export type HostedZone = {
  readonly id: string
  readonly client: Route53Client
  readonly provider: DnsProvider
  readonly records: (name: string, type: string) => Promise<readonly string[]>
  /** Batches that were made. */
  readonly changes: () => Promise<number>
  /** As somebody else would. */
  readonly change: (action: 'CREATE' | 'DELETE' | 'UPSERT', ...sets: readonly ResourceRecordSet[]) => Promise<void>
}

export const keys = { accessKeyId: 'AKIACANARY0000000000', secretAccessKey: 'canary/secret+key-9c2e7d' } as const

export function setOf(name: string, type: RRType, ttl: number, ...values: readonly string[]): ResourceRecordSet {
  return { Name: name, Type: type, TTL: ttl, ResourceRecords: values.map((value) => ({ Value: value })) }
}

const shop = [
  setOf('ns1.shop.example', 'A', 10, '127.0.0.1'),
  setOf('www.shop.example', 'A', 10, '192.0.2.10'),
  setOf('api.shop.example', 'A', 10, '192.0.2.20', '192.0.2.21'),
  setOf('api.shop.example', 'AAAA', 10, '2001:db8::20'),
  setOf('files.shop.example', 'A', 10, '192.0.2.30'),
]

let zones = 0

export async function openHostedZone(t: TestContext, moto: Moto): Promise<HostedZone> {
  const client = new Route53Client({ region: 'us-east-1', endpoint: moto.url, credentials: keys, maxAttempts: 5 })
  t.after(() => client.destroy())
  const made = await client.send(new CreateHostedZoneCommand({ Name: 'shop.example', CallerReference: `test-${(zones += 1)}` }))
  const id = (made.HostedZone?.Id ?? '').replace('/hostedzone/', '')
  const change: HostedZone['change'] = async (action, ...sets) => {
    const Changes = sets.map((set) => ({ Action: action, ResourceRecordSet: set }))
    await client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: id, ChangeBatch: { Changes } }))
  }
  await change('CREATE', ...shop)
  const records = async (name: string, type: string) => await listed(moto, id, name, type)
  const authority = await startMirror(t, records)
  const provider = route53Provider({ service: 'Route 53 (r53)', zoneId: id, client, authorities: [authority], everyMs: 20 })
  const changes = async () => Number(((await moto.get('/lab/changes')) as Readonly<Record<string, number>>)[id])
  return { id, client, provider, records, changes, change }
}

/** By this moto knows which service is meant. */
const authorization = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/route53/aws4_request'

/** What the API answers, read without the SDK. */
async function listed({ url }: Moto, id: string, name: string, type: string): Promise<string[]> {
  const xml = await (await fetch(`${url}/2013-04-01/hostedzone/${id}/rrset`, { headers: { authorization } })).text()
  const sets = [...xml.matchAll(/<ResourceRecordSet>(.*?)<\/ResourceRecordSet>/gs)].map(([, set = '']) => set)
  const text = (set: string, tag: string): string[] => [...set.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'g'))].map(([, value = '']) => value)
  const wanted = sets.filter((set) => text(set, 'Name')[0] === `${name}.` && text(set, 'Type')[0] === type)
  return wanted.flatMap((set) => text(set, 'Value').map((value) => `${text(set, 'TTL')[0]} ${type} ${value.replaceAll('&quot;', '"')}`)).toSorted()
}
