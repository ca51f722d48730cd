// One node: instance, public address, a group with the ports of its move, and the data volume attached.
import { Eip } from '@pulumi/aws/ec2/eip.js'
import { EipAssociation } from '@pulumi/aws/ec2/eipAssociation.js'
import { getAmiOutput } from '@pulumi/aws/ec2/getAmi.js'
import { Instance } from '@pulumi/aws/ec2/instance.js'
import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js'
import { VolumeAttachment } from '@pulumi/aws/ec2/volumeAttachment.js'
import type { Provider } from '@pulumi/aws/provider.js'
import type { Input, Output } from '@pulumi/pulumi'
import { z } from 'zod'
import type { PlannedMove } from '../../core/plan.ts'
import { firstBootOf, volumeIdOf } from '../first-boot.ts'
import type { Given, Outputs } from '../provider.ts'
import { anywhere } from './anywhere.ts'
import { explicitProvider } from './account.ts'
import { awsCatalog } from './catalog.ts'
import { deviceOf } from './data.ts'
import { imageOf } from './images.ts'
import type { AwsConfig } from './schema.ts'
import { keepsRun, tagsOf } from './tags.ts'

const sharedSchema = z.object({ vpcId: z.string(), subnetId: z.string(), zone: z.string(), groupId: z.string(), keyName: z.string().optional() })

/** Kept free by the images; what the node itself calls the device is another matter (data.ts). */
const deviceName = '/dev/sdf'

/** The program of a node. Outputs: instanceId, publicAddress, privateAddress, volumeId (null: none), zone. */
export async function nodeProgram(name: string, config: AwsConfig, move: PlannedMove, given: Given): Promise<Outputs> {
  const shared = sharedSchema.parse(given.shared)
  const provider = explicitProvider(name, config)
  const options = { provider, ignoreChanges: keepsRun }
  const tags = tagsOf(given.owner, move.name)
  const volumeId = volumeIdOf(move, given.data)
  const ports = move.ports.length === 0 ? null : portGroup(move, { vpcId: shared.vpcId, project: given.owner.project, tags, options })
  const userData = firstBootOf(move, given.authorizedKeys, volumeId === null ? null : deviceOf(volumeId))
  const instance = new Instance(
    move.name,
    {
      ami: imageId(move, config, provider),
      instanceType: move.to.size,
      subnetId: shared.subnetId,
      vpcSecurityGroupIds: ports === null ? [shared.groupId] : [shared.groupId, ports.id],
      ...(shared.keyName === undefined ? {} : { keyName: shared.keyName }),
      userData,
      // A name of its own: the data volume is found by its tags.
      rootBlockDevice: { volumeType: 'gp3', volumeSize: config.rootGiB, encrypted: true, tags: tagsOf(given.owner, `${move.name}-system`) },
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
      tags,
    },
    {
      provider,
      // A newer image, another key: nothing for which a node that holds data is replaced.
      ignoreChanges: [...keepsRun, ...keepsRun.map((path) => `rootBlockDevice.${path}`), 'ami', 'userData', 'keyName'],
      // The volume can be attached to one instance at a time.
      deleteBeforeReplace: true,
    },
  )
  if (volumeId !== null) attach(move.name, volumeId, instance, provider)
  const address = new Eip(move.name, { domain: 'vpc', tags }, options)
  new EipAssociation(move.name, { allocationId: address.id, instanceId: instance.id }, { provider, deleteBeforeReplace: true })
  return {
    instanceId: instance.id,
    publicAddress: address.publicIp,
    privateAddress: instance.privateIp,
    volumeId,
    zone: instance.availabilityZone,
  }
}

function attach(name: string, volumeId: string, instance: Instance, provider: Provider): void {
  new VolumeAttachment(
    name,
    {
      deviceName,
      volumeId,
      instanceId: instance.id,
      // A mounted volume cannot be detached from a running instance; it comes free when the instance is gone.
      skipDestroy: true,
    },
    { provider, deleteBeforeReplace: true },
  )
}

type GroupOf = { vpcId: string; project: string; tags: Record<string, string>; options: { provider: Provider; ignoreChanges: string[] } }

function portGroup(move: PlannedMove, { vpcId, project, tags, options }: GroupOf): SecurityGroup {
  const ingress = move.ports.map(({ port, protocol }) => ({ protocol, fromPort: port, toPort: port, cidrBlocks: [anywhere] }))
  return new SecurityGroup(
    move.name,
    // The way out is opened by the shared group; without rules here, AWS would add its own.
    { name: `lifeboat-${project}-${move.name}`, description: 'what this node serves', vpcId, ingress, egress: [], tags },
    options,
  )
}

function imageId(move: PlannedMove, config: AwsConfig, provider: Provider): Input<string> {
  const architecture = awsCatalog(config).sizes.find(({ name }) => name === move.to.size)?.architecture ?? 'x86_64'
  const image = imageOf(move.to.image, architecture, config.images)
  if (typeof image === 'string') return image
  const filters = [
    { name: 'name', values: [image.name] },
    { name: 'architecture', values: [architecture] },
    { name: 'state', values: ['available'] },
  ]
  const found: Output<{ id: string }> = getAmiOutput({ mostRecent: true, owners: [image.owner], filters }, { provider })
  return found.id
}
