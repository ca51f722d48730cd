// Objects at OpenStack by the metadata or tags that we put on them, the mark of what holds data, and whether a server runs.
// https://docs.openstack.org/api-ref: compute, block storage v3, networking v2.0
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { openJsonApi } from '../json-api.ts'
import type { DataMark, Marked } from '../node-outputs.ts'
import { marksOfPending, nameOf, onlyOne, unknownType } from '../ownership.ts'
import type { Pending, Target } from '../provider.ts'
import { asTags, holdsDataKey, marksAsMetadata, openstackSessions, readOpenstackFailure, secretOf, type Service } from './account.ts'
import type { OpenstackConfig } from './schema.ts'

const id = z.string().min(1)
const metadata = z.record(z.string(), z.string())
const listed = z.array(z.looseObject({ id, metadata: metadata.optional() }))

/** Where objects of a type are listed: servers and volumes by their metadata, the others by their tags. */
const listings: Readonly<Record<string, { readonly service: Service; readonly path: string; readonly collection: string }>> = {
  'openstack:compute/instance:Instance': { service: 'compute', path: 'servers/detail', collection: 'servers' },
  'openstack:blockstorage/volume:Volume': { service: 'volume', path: 'volumes/detail', collection: 'volumes' },
  'openstack:networking/network:Network': { service: 'network', path: 'v2.0/networks', collection: 'networks' },
  'openstack:networking/subnet:Subnet': { service: 'network', path: 'v2.0/subnets', collection: 'subnets' },
  'openstack:networking/router:Router': { service: 'network', path: 'v2.0/routers', collection: 'routers' },
  'openstack:networking/secGroup:SecGroup': { service: 'network', path: 'v2.0/security-groups', collection: 'security_groups' },
  'openstack:networking/port:Port': { service: 'network', path: 'v2.0/ports', collection: 'ports' },
  'openstack:networking/floatingIp:FloatingIp': { service: 'network', path: 'v2.0/floatingips', collection: 'floatingips' },
}

type Ask = <T>(what: string, service: Service, path: string, schema: z.ZodType<T>, signal: AbortSignal, body?: unknown) => Promise<T | null>

export function openstackObjects(config: OpenstackConfig): Required<Pick<Target, 'find' | 'isOff'>> & { readonly mark: DataMark } {
  const session = openstackSessions(config)
  const headers = async (signal: AbortSignal) => ({ 'x-auth-token': (await session(signal)).token })
  const api = openJsonApi({ service: 'OpenStack', headers, readFailure: readOpenstackFailure, secrets: [secretOf(config).reveal()] })
  const ask: Ask = async (what, service, path, schema, signal, body) => {
    const url = `${(await session(signal)).urlOf(service)}/${path}`
    return await api.ask(what, url, schema, signal, body === undefined ? undefined : { method: 'POST', body })
  }
  return {
    find: async (pending, signal) => await found(ask, pending, signal),
    isOff: async (server, signal) => {
      const answer = await ask(`whether ${server} runs`, 'compute', `servers/${server}`, z.object({ server: z.object({ status: z.string() }) }), signal)
      // One that this project does not know may run in another.
      if (answer === null) throw new LifeboatError('target-unreachable', `OpenStack does not know the server ${server}; whether it runs is not known.`)
      return ['SHUTOFF', 'SHELVED_OFFLOADED'].includes(answer.server.status)
    },
    mark: {
      put: async (marked, signal) => {
        const what = `when ${marked.id} was to be marked as holding data`
        await ask(what, serviceOf(marked), `${pathOf(marked)}/metadata`, z.unknown(), signal, { metadata: { [holdsDataKey]: 'yes' } })
      },
      has: async (marked, signal) => {
        const answer = await ask(`whether ${marked.id} holds data`, serviceOf(marked), `${pathOf(marked)}/metadata`, z.object({ metadata }), signal)
        return answer?.metadata[holdsDataKey] !== undefined
      },
    },
  }
}

function serviceOf({ kind }: Marked): Service {
  return kind === 'volume' ? 'volume' : 'compute'
}

function pathOf({ kind, id: one }: Marked): string {
  return `${kind === 'volume' ? 'volumes' : 'servers'}/${one}`
}

/** What has no marks is known by what it joins, or by its name. */
async function found(ask: Ask, pending: Pending, signal: AbortSignal): Promise<string | null> {
  const what = `whether ${pending.name} exists`
  const { inputs, type } = pending
  switch (type) {
    case 'openstack:compute/keypair:Keypair': {
      const name = nameOf(marksOfPending(pending), pending.name)
      return (await ask(what, 'compute', `os-keypairs/${name}`, z.unknown(), signal)) === null ? null : name
    }
    case 'openstack:compute/volumeAttach:VolumeAttach': {
      const { instanceId, volumeId } = z.object({ instanceId: id, volumeId: id }).parse(inputs)
      const schema = z.object({ volumeAttachments: z.array(z.object({ id, volumeId: id })) })
      const answer = await ask(what, 'compute', `servers/${instanceId}/os-volume_attachments`, schema, signal)
      const attached = answer?.volumeAttachments.find((one) => one.volumeId === volumeId)
      return attached === undefined ? null : `${instanceId}/${attached.id}`
    }
    case 'openstack:networking/routerInterface:RouterInterface': {
      const { routerId, subnetId } = z.object({ routerId: id, subnetId: id }).parse(inputs)
      return await only(ask, pending, 'v2.0/ports', 'ports', { device_id: routerId, fixed_ips: `subnet_id=${subnetId}` }, signal)
    }
    case 'openstack:networking/secGroupRule:SecGroupRule':
      return await only(ask, pending, 'v2.0/security-group-rules', 'security_group_rules', ruleQuery(inputs), signal)
    default:
      return await marked(ask, pending, signal)
  }
}

async function marked(ask: Ask, pending: Pending, signal: AbortSignal): Promise<string | null> {
  const listing = listings[pending.type]
  if (listing === undefined) throw unknownType(pending)
  const { service, path, collection } = listing
  const marks = marksOfPending(pending)
  const wanted = marksAsMetadata(marks)
  if (service === 'network') return await only(ask, pending, path, collection, { tags: asTags(wanted).join(',') }, signal)
  const query = new URLSearchParams({ name: nameOf(marks, marks.object) })
  const answer = await ask(`whether ${pending.name} exists`, service, `${path}?${query.toString()}`, z.object({ [collection]: listed }), signal)
  const ours = (answer?.[collection] ?? []).filter((one) => Object.entries(wanted).every(([key, value]) => one.metadata?.[key] === value))
  return onlyOne(
    pending,
    ours.map((one) => one.id),
  )
}

/** The one object of the network that a query leaves. */
async function only(ask: Ask, pending: Pending, path: string, collection: string, query: Record<string, string>, signal: AbortSignal): Promise<string | null> {
  const at = `${path}?${new URLSearchParams(query).toString()}`
  const answer = await ask(`whether ${pending.name} exists`, 'network', at, z.object({ [collection]: listed }), signal)
  return onlyOne(
    pending,
    (answer?.[collection] ?? []).map((one) => one.id),
  )
}

const ruleSchema = z.object({
  securityGroupId: id,
  direction: z.string(),
  protocol: z.string(),
  portRangeMin: z.number().optional(),
  remoteIpPrefix: z.string().optional(),
  remoteGroupId: z.string().optional(),
})

function ruleQuery(inputs: Pending['inputs']): Record<string, string> {
  const { securityGroupId, direction, protocol, portRangeMin, remoteIpPrefix, remoteGroupId } = ruleSchema.parse(inputs)
  return {
    security_group_id: securityGroupId,
    direction,
    protocol,
    ...(portRangeMin === undefined ? {} : { port_range_min: String(portRangeMin) }),
    ...(remoteIpPrefix === undefined ? {} : { remote_ip_prefix: remoteIpPrefix }),
    ...(remoteGroupId === undefined ? {} : { remote_group_id: remoteGroupId }),
  }
}
