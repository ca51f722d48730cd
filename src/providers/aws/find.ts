// Objects at AWS by the tags that we put on them when they were created: what an interrupted create left behind, and the
// mark of a volume that holds data.
import {
  CreateTagsCommand,
  DescribeAddressesCommand,
  DescribeRouteTablesCommand,
  DescribeVolumesCommand,
  type EC2Client,
  type Filter,
} from '@aws-sdk/client-ec2'
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { sleep } from '../../io/wait.ts'
import { marksOfPending, onlyOne, unknownType } from '../ownership.ts'
import type { Outputs, Pending } from '../provider.ts'
import { callFailure } from './failures.ts'
import { listers, listInstances, listVolumes } from './list.ts'
import { tagKeys } from './tags.ts'

/** EC2 is eventually consistent: something created a moment ago may be missing from the first answers. */
export type Patience = { readonly tries: number; readonly everyMs: number }

/** Target.find for AWS. Null only after several looks. */
export async function findPending(client: EC2Client, pending: Pending, patience: Patience, signal: AbortSignal): Promise<string | null> {
  for (let look = 1; ; look += 1) {
    const id = await lookFor(client, pending, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      throw error instanceof LifeboatError ? error : callFailure(`whether ${pending.name} exists`, error)
    })
    if (id !== null || look >= patience.tries) return id
    await sleep(patience.everyMs, signal)
  }
}

async function lookFor(client: EC2Client, pending: Pending, signal: AbortSignal): Promise<string | null> {
  switch (pending.type) {
    case 'aws:ec2/volumeAttachment:VolumeAttachment':
      return attachment(client, pending, signal)
    case 'aws:ec2/eipAssociation:EipAssociation':
      return addressAssociation(client, pending, signal)
    case 'aws:ec2/routeTableAssociation:RouteTableAssociation':
      return routeAssociation(client, pending, signal)
    default: {
      const list = listers[pending.type]
      if (list === undefined) throw unknownType(pending)
      return onlyOne(pending, await list(client, ownTags(pending), { abortSignal: signal }))
    }
  }
}

/** The tags that the object got when it was created, as a filter. */
function ownTags(pending: Pending): Filter[] {
  const { project, stack, object } = marksOfPending(pending)
  const wanted = { [tagKeys.project]: project, [tagKeys.stack]: stack, [tagKeys.object]: object }
  return Object.entries(wanted).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }))
}

async function attachment(client: EC2Client, { inputs }: Pending, signal: AbortSignal): Promise<string | null> {
  const { deviceName, volumeId, instanceId } = z.object({ deviceName: z.string(), volumeId: z.string(), instanceId: z.string() }).parse(inputs)
  const Filters = [
    { Name: 'volume-id', Values: [volumeId] },
    { Name: 'attachment.instance-id', Values: [instanceId] },
  ]
  const { Volumes = [] } = await client.send(new DescribeVolumesCommand({ Filters }), { abortSignal: signal })
  // An attachment has no id at AWS; the provider reads it by these three.
  return Volumes.length === 0 ? null : `${deviceName}:${volumeId}:${instanceId}`
}

async function addressAssociation(client: EC2Client, { inputs }: Pending, signal: AbortSignal): Promise<string | null> {
  const { allocationId, instanceId } = z.object({ allocationId: z.string(), instanceId: z.string() }).parse(inputs)
  const Filters = [
    { Name: 'allocation-id', Values: [allocationId] },
    { Name: 'instance-id', Values: [instanceId] },
  ]
  const { Addresses = [] } = await client.send(new DescribeAddressesCommand({ Filters }), { abortSignal: signal })
  return Addresses[0]?.AssociationId ?? null
}

async function routeAssociation(client: EC2Client, { inputs }: Pending, signal: AbortSignal): Promise<string | null> {
  const { subnetId, routeTableId } = z.object({ subnetId: z.string(), routeTableId: z.string() }).parse(inputs)
  const Filters = [{ Name: 'association.subnet-id', Values: [subnetId] }]
  const { RouteTables = [] } = await client.send(new DescribeRouteTablesCommand({ Filters }), { abortSignal: signal })
  const ours = RouteTables.find(({ RouteTableId }) => RouteTableId === routeTableId)
  return ours?.Associations?.find(({ SubnetId }) => SubnetId === subnetId)?.RouteTableAssociationId ?? null
}

const placeSchema = z.object({ volumeId: z.string().nullish(), instanceId: z.string().nullish() })

/** The objects that carry the mark: the volume, or the instance itself where there is none. */
function markedId(outputs: Outputs): string | null {
  const { volumeId, instanceId } = placeSchema.parse(outputs)
  return volumeId ?? instanceId ?? null
}

/** Target.markHoldsData for AWS. */
export async function markHoldsData(client: EC2Client, outputs: Outputs, signal: AbortSignal): Promise<void> {
  const id = markedId(outputs)
  if (id === null) throw new LifeboatError('provision-failed', 'There is no volume and no instance to mark as holding data.')
  try {
    await client.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: tagKeys.holdsData, Value: 'yes' }] }), { abortSignal: signal })
  } catch (error) {
    signal.throwIfAborted()
    throw callFailure(`when ${id} was to be marked as holding data`, error)
  }
  if (!(await holdsData(client, outputs, signal))) throw new LifeboatError('target-refused', `The mark that ${id} holds data was accepted, but is not there.`)
}

/** Target.holdsData for AWS. */
export async function holdsData(client: EC2Client, outputs: Outputs, signal: AbortSignal): Promise<boolean> {
  const id = markedId(outputs)
  if (id === null) return false
  const isVolume = id.startsWith('vol-')
  const Filters = [
    { Name: isVolume ? 'volume-id' : 'instance-id', Values: [id] },
    { Name: 'tag-key', Values: [tagKeys.holdsData] },
  ]
  try {
    const marked = await (isVolume ? listVolumes : listInstances)(client, Filters, { abortSignal: signal })
    return marked.length > 0
  } catch (error) {
    signal.throwIfAborted()
    throw callFailure(`whether ${id} holds data`, error)
  }
}
