// What is declared for a move at OpenStack: a volume; and a server on a port of its own, with a public address and a group for
// its ports.
import { Volume } from '@pulumi/openstack/blockstorage/volume.js'
import { Instance } from '@pulumi/openstack/compute/instance.js'
import { VolumeAttach } from '@pulumi/openstack/compute/volumeAttach.js'
import { FloatingIp } from '@pulumi/openstack/networking/floatingIp.js'
import { Port } from '@pulumi/openstack/networking/port.js'
import { SecGroup } from '@pulumi/openstack/networking/secGroup.js'
import { z } from 'zod'
import type { PlannedMove } from '../../core/plan.ts'
import { firstBootOf, mountOf, volumeIdOf } from '../first-boot.ts'
import { nameOf } from '../ownership.ts'
import type { Given, Outputs } from '../provider.ts'
import { asTags, explicitProvider, keepsMetadata, metadataOf } from './account.ts'
import { anywhere, letIn } from './network.ts'
import type { OpenstackConfig } from './schema.ts'

const sharedSchema = z.object({ networkId: z.string(), subnetId: z.string(), groupId: z.string(), keyName: z.string().optional() })

/** The program of a move's data. Outputs: volumeId. */
export async function dataProgram(name: string, config: OpenstackConfig, move: PlannedMove, { owner }: Given): Promise<Outputs> {
  mountOf(move)
  const volume = new Volume(
    move.name,
    {
      name: nameOf(owner, move.name),
      size: Math.ceil(move.to.volumeGiB),
      ...(config.volumeType === undefined ? {} : { volumeType: config.volumeType }),
      metadata: metadataOf(owner, move.name),
    },
    // No `up` may replace it, and none may delete it.
    { provider: explicitProvider(name, config), ignoreChanges: keepsMetadata, protect: true, retainOnDelete: true },
  )
  return { volumeId: volume.id }
}

/** The program of a node. Outputs: instanceId, publicAddress, privateAddress, volumeId (null: none). */
export async function nodeProgram(name: string, config: OpenstackConfig, move: PlannedMove, given: Given): Promise<Outputs> {
  const shared = sharedSchema.parse(given.shared)
  const provider = explicitProvider(name, config)
  const options = { provider, ignoreChanges: ['tags'] }
  const metadata = metadataOf(given.owner, move.name)
  const common = { name: nameOf(given.owner, move.name), tags: asTags(metadata) }
  const volumeId = volumeIdOf(move, given.data)
  const groups = move.ports.length === 0 ? [] : [new SecGroup(move.name, { ...common, description: 'what this node serves' }, options)]
  for (const { id } of groups) {
    for (const { port, protocol } of move.ports)
      letIn(`${move.name}-${protocol}-${port}`, { group: id, provider, protocol, port, from: { remoteIpPrefix: anywhere } })
  }
  const port = new Port(
    move.name,
    { ...common, networkId: shared.networkId, fixedIps: [{ subnetId: shared.subnetId }], securityGroupIds: [shared.groupId, ...groups.map(({ id }) => id)] },
    options,
  )
  const instance = new Instance(
    move.name,
    {
      name: common.name,
      flavorName: move.to.size,
      ...imageOf(config.images[move.to.image] ?? move.to.image),
      ...(shared.keyName === undefined ? {} : { keyPair: shared.keyName }),
      networks: [{ port: port.id }],
      userData: firstBootOf(move, given.authorizedKeys, volumeId === null ? null : deviceOf(volumeId)),
      stopBeforeDestroy: true,
      metadata,
    },
    // A newer image, another key: nothing for which a node that holds data is replaced. A port and a volume are one server's at a time.
    { provider, ignoreChanges: [...keepsMetadata, 'imageName', 'imageId', 'userData', 'keyPair'], deleteBeforeReplace: true },
  )
  if (volumeId !== null) new VolumeAttach(move.name, { instanceId: instance.id, volumeId }, { provider, deleteBeforeReplace: true })
  // On the port, not the server: it outlives the server.
  const address = new FloatingIp(move.name, { pool: config.network.external, portId: port.id, tags: common.tags }, options)
  const privateAddress = port.allFixedIps.apply((addresses) => addresses[0] ?? null)
  return { instanceId: instance.id, publicAddress: address.address, privateAddress, volumeId }
}

function imageOf(image: string): { readonly imageId: string } | { readonly imageName: string } {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(image) ? { imageId: image } : { imageName: image }
}

/** The device of a volume inside a server: libvirt gives virtio disks the first 20 characters of the volume's id as their serial number. */
function deviceOf(volumeId: string): string {
  return `/dev/disk/by-id/virtio-${volumeId.slice(0, 20)}`
}
