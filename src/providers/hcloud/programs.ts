// What is declared at Hetzner: once a network, a firewall for ssh and a key; for each move a volume, and a server with a
// public address of its own and a firewall for its ports.
import { Firewall } from '@pulumi/hcloud/firewall.js'
import { Network } from '@pulumi/hcloud/network.js'
import { NetworkSubnet } from '@pulumi/hcloud/networkSubnet.js'
import { PrimaryIp } from '@pulumi/hcloud/primaryIp.js'
import { Server } from '@pulumi/hcloud/server.js'
import { SshKey } from '@pulumi/hcloud/sshKey.js'
import { Volume } from '@pulumi/hcloud/volume.js'
import { VolumeAttachment } from '@pulumi/hcloud/volumeAttachment.js'
import type { Output } from '@pulumi/pulumi'
import { z } from 'zod'
import type { PlannedMove } from '../../core/plan.ts'
import { firstBootOf, mountOf, volumeIdOf } from '../first-boot.ts'
import { imageOf } from '../image-names.ts'
import { nameOf } from '../ownership.ts'
import type { Given, Outputs } from '../provider.ts'
import { explicitProvider, keepsLabels, labelsOf } from './account.ts'
import { zones, type HcloudConfig } from './schema.ts'
import { hcloudSizes } from './sizes.ts'

const anywhere = ['0.0.0.0/0', '::/0']
const id = z.coerce.number().int()
const sharedSchema = z.object({ networkId: id, firewallId: id, sshKey: z.string().optional() })

/** What Hetzner calls its own images is what they are called here. */
const images: Readonly<Record<string, string>> = Object.fromEntries(['debian-12', 'debian-13', 'ubuntu-22.04', 'ubuntu-24.04'].map((name) => [name, name]))

/** The shared program. Outputs: networkId, firewallId, sshKey. */
export async function sharedProgram(name: string, config: HcloudConfig, { owner, authorizedKeys }: Given): Promise<Outputs> {
  const provider = explicitProvider(name, config)
  const options = { provider, ignoreChanges: keepsLabels }
  const common = { name: nameOf(owner, name), labels: labelsOf(owner, name) }
  const { cidr, sshFrom } = config.network
  const network = new Network(name, { ...common, ipRange: cidr }, options)
  new NetworkSubnet(name, { networkId: numberOf(network.id), type: 'cloud', networkZone: zones[config.location], ipRange: cidr }, { provider })
  // "Fragmentation needed" is ICMP: without it connections over tunnels stall at the first large packet.
  const rules = [
    { direction: 'in', protocol: 'tcp', port: '22', sourceIps: sshFrom },
    { direction: 'in', protocol: 'icmp', sourceIps: anywhere },
  ]
  const firewall = new Firewall(name, { ...common, rules }, options)
  const outputs = { networkId: network.id, firewallId: firewall.id }
  if (config.sshKey !== undefined) return { ...outputs, sshKey: config.sshKey }
  const publicKey = authorizedKeys[0]
  if (publicKey === undefined) return outputs
  // Made once, so that no password is made and sent by mail: another run's key reaches its nodes by their user data.
  const key = new SshKey(name, { ...common, publicKey }, { ...options, ignoreChanges: [...keepsLabels, 'publicKey'] })
  return { ...outputs, sshKey: key.name }
}

/** The program of a move's data. Outputs: volumeId. */
export async function dataProgram(name: string, config: HcloudConfig, move: PlannedMove, { owner }: Given): Promise<Outputs> {
  mountOf(move)
  const volume = new Volume(
    move.name,
    {
      name: nameOf(owner, move.name),
      location: config.location,
      size: Math.max(Math.ceil(move.to.volumeGiB), hcloudSizes.smallestVolumeGiB),
      labels: labelsOf(owner, move.name),
    },
    // No `up` may replace it, and none may delete it.
    { provider: explicitProvider(name, config), ignoreChanges: keepsLabels, protect: true, retainOnDelete: true },
  )
  return { volumeId: volume.id }
}

/** The program of a node. Outputs: instanceId, publicAddress, privateAddress, volumeId (null: none). */
export async function nodeProgram(name: string, config: HcloudConfig, move: PlannedMove, given: Given): Promise<Outputs> {
  const shared = sharedSchema.parse(given.shared)
  const provider = explicitProvider(name, config)
  const options = { provider, ignoreChanges: keepsLabels }
  const common = { name: nameOf(given.owner, move.name), labels: labelsOf(given.owner, move.name) }
  const volumeId = volumeIdOf(move, given.data)
  const address = new PrimaryIp(
    move.name,
    { ...common, type: 'ipv4', assigneeType: 'server', location: config.location, autoDelete: false },
    { ...options, deleteBeforeReplace: true },
  )
  const firewalls = move.ports.length === 0 ? [] : [new Firewall(move.name, { ...common, rules: rulesFor(move) }, options)]
  const server = new Server(
    move.name,
    {
      ...common,
      serverType: move.to.size,
      image: imageOf('hcloud', move.to.image, images, config.images, /^\d+$/),
      location: config.location,
      sshKeys: shared.sshKey === undefined ? [] : [shared.sshKey],
      userData: firstBootOf(move, given.authorizedKeys, volumeId === null ? null : deviceOf(volumeId)),
      publicNets: [{ ipv4Enabled: true, ipv4: numberOf(address.id), ipv6Enabled: false }],
      networks: [{ networkId: shared.networkId }],
      firewallIds: [shared.firewallId, ...firewalls.map((firewall) => numberOf(firewall.id))],
      shutdownBeforeDeletion: true,
    },
    // A newer image, another key: nothing for which a node that holds data is replaced. An address and a volume are one server's at a time.
    { provider, ignoreChanges: [...keepsLabels, 'image', 'userData', 'sshKeys'], deleteBeforeReplace: true },
  )
  if (volumeId !== null) {
    new VolumeAttachment(move.name, { volumeId: Number(volumeId), serverId: numberOf(server.id), automount: false }, { provider, deleteBeforeReplace: true })
  }
  const privateAddress = server.networks.apply((networks) => networks?.[0]?.ip ?? null)
  return { instanceId: server.id, publicAddress: address.ipAddress, privateAddress, volumeId }
}

function rulesFor(move: PlannedMove) {
  return move.ports.map(({ port, protocol }) => ({ direction: 'in', protocol, port: String(port), sourceIps: anywhere }))
}

/** The device of a volume inside a server. https://docs.hetzner.cloud: `linux_device` of a volume */
function deviceOf(volumeId: string): string {
  return `/dev/disk/by-id/scsi-0HC_Volume_${volumeId}`
}

/** Ids are numbers at Hetzner and texts at the engine. */
function numberOf(text: Output<string>): Output<number> {
  return text.apply(Number)
}
