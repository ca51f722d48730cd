// Names in a hosted zone of Route 53. Each swap is one batch, which Route 53 makes whole or not at all.
import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  ListResourceRecordSetsCommand,
  type Change as AwsChange,
  type ResourceRecordSet,
  type Route53Client,
} from '@aws-sdk/client-route-53'
import { LifeboatError } from '../../core/errors.ts'
import { waitUntil } from '../../io/wait.ts'
import { namesInZone, swapAll } from '../compare-and-swap.ts'
import { authoritiesNamed, lookUp, readByDns, type ListedZone } from '../listed.ts'
import type { Authority, DnsProvider } from '../provider.ts'
import { lowerName } from '../wire-name.ts'
import { batchOf, permissionBatch, type SetRecord } from './batch.ts'
import { failureOf } from './failures.ts'

export type Route53Settings = {
  /** Begins sentences: "Route 53 (r53)". */
  readonly service: string
  readonly zoneId: string
  readonly client: Route53Client
  /** Empty: the name servers that Route 53 names for the zone. */
  readonly authorities: readonly Authority[]
  /** Milliseconds between two questions whether a change is at all its servers. */
  readonly everyMs: number
}

/** Longer than Route 53 needs (it says 60 s are usual). */
const inSyncWithinMs = 120_000

/** A provider for one hosted zone. */
export function route53Provider(settings: Route53Settings): DnsProvider {
  const { authorities } = settings
  let asked: Promise<HostedZone> | null = null
  const hostedZone = async (signal: AbortSignal): Promise<HostedZone> => {
    asked ??= readZone(settings, signal)
    return await asked.catch((error: unknown) => {
      asked = null
      throw error
    })
  }
  const at = async (signal: AbortSignal): Promise<ListedZone<SetRecord>> => ({
    service: settings.service,
    zone: (await hostedZone(signal)).name,
    list: async (name, during) => await listAt(settings, name, during),
  })
  return {
    keepsEpoch: true,
    read: async (names, signal) => {
      signal.throwIfAborted()
      const zone = await at(signal)
      return (await lookUp(zone, namesInZone(zone.zone, names), signal)).map(({ state }) => state)
    },
    readAt: readByDns,
    swap: async (swaps, signal) => {
      const zone = await at(signal)
      let change: string | null = null
      const write = async (batch: readonly AwsChange[], during: AbortSignal) => void (change = await submit(settings, batch, during))
      const look = async (names: readonly string[], during: AbortSignal) => await lookUp(zone, names, during)
      await swapAll({ name: zone.zone, look, write: async (changes, during) => await write(batchOf(changes), during) }, swaps, signal)
      if (change !== null) await inSync(settings, change, signal)
    },
    authorities: async (_names, signal) => (authorities.length > 0 ? authorities : await authoritiesNamed((await hostedZone(signal)).servers, signal)),
    proveWrite: async (names, signal) => {
      const { name } = await hostedZone(signal)
      await submit(settings, permissionBatch(namesInZone(name, names)), signal).catch((error: unknown) => {
        if (!(error instanceof LifeboatError && error.code === 'names-changed')) throw error
      })
    },
  }
}

type HostedZone = { readonly name: string; readonly servers: readonly string[] }

/** Runs one call; its failure is a sentence that says what was not done. */
async function call<T>({ service }: Route53Settings, what: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  try {
    return await run()
  } catch (error) {
    signal.throwIfAborted()
    throw failureOf(service, what, error)
  }
}

async function readZone(settings: Route53Settings, signal: AbortSignal): Promise<HostedZone> {
  const { client, zoneId } = settings
  const answer = await call(settings, `show the zone ${zoneId}`, signal, async () => {
    return await client.send(new GetHostedZoneCommand({ Id: zoneId }), { abortSignal: signal })
  })
  return { name: plainName(answer.HostedZone?.Name ?? ''), servers: (answer.DelegationSet?.NameServers ?? []).map(plainName) }
}

/** One page holds more sets than one name can have without being refused. */
async function listAt(settings: Route53Settings, name: string, signal: AbortSignal): Promise<readonly SetRecord[]> {
  const { client, zoneId, service } = settings
  const { ResourceRecordSets = [] } = await call(settings, `list ${name}`, signal, async () => {
    return await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, StartRecordName: name, MaxItems: 100 }), { abortSignal: signal })
  })
  return ResourceRecordSets.filter((set) => plainName(set.Name ?? '') === name).flatMap((set) => recordsIn(service, name, set))
}

function recordsIn(service: string, name: string, set: ResourceRecordSet): SetRecord[] {
  const target = set.AliasTarget?.DNSName
  if (target !== undefined) {
    throw new LifeboatError('names-unfit', `${name} is an alias of ${plainName(target)} at ${service}; give it addresses of its own.`)
  }
  if (set.SetIdentifier !== undefined) {
    throw new LifeboatError('names-unfit', `${name} has a routing policy at ${service} (set ${set.SetIdentifier}); Lifeboat moves plain addresses only.`)
  }
  return (set.ResourceRecords ?? []).map(({ Value = '' }) => ({ type: set.Type ?? '', ttl: set.TTL ?? 0, value: Value, set }))
}

/** Answers the id of the change. */
async function submit(settings: Route53Settings, changes: readonly AwsChange[], signal: AbortSignal): Promise<string | null> {
  const { client, zoneId } = settings
  const names = [...new Set(changes.map(({ ResourceRecordSet: set }) => plainName(set?.Name ?? '')))].join(', ')
  const answer = await call(settings, `change ${names}`, signal, async () => {
    const command = new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch: { Changes: [...changes] } })
    return await client.send(command, { abortSignal: signal })
  })
  return answer.ChangeInfo?.Status === 'INSYNC' ? null : (answer.ChangeInfo?.Id ?? null)
}

async function inSync(settings: Route53Settings, id: string, signal: AbortSignal): Promise<void> {
  const look = async () => {
    const { ChangeInfo } = await call(settings, `tell how far the change ${id} is`, signal, async () => {
      return await settings.client.send(new GetChangeCommand({ Id: id }), { abortSignal: signal })
    })
    return ChangeInfo?.Status === 'INSYNC' ? true : null
  }
  await waitUntil(look, { what: `The change ${id} at all servers of ${settings.service}`, deadlineMs: inSyncWithinMs, everyMs: settings.everyMs, signal })
}

/** Without the last dot; Route 53 writes some characters as octal escapes, the star of a wildcard among them. */
function plainName(text: string): string {
  return lowerName(text.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 8)))).replace(/\.$/, '')
}
