// What is declared at DigitalOcean: once a private network and a key; for each move a volume, and a droplet with the volume and
// a firewall of its own.
import { Droplet } from '@pulumi/digitalocean/droplet.js'
import { Firewall } from '@pulumi/digitalocean/firewall.js'
import { SshKey } from '@pulumi/digitalocean/sshKey.js'
import { Volume } from '@pulumi/digitalocean/volume.js'
import { Vpc } from '@pulumi/digitalocean/vpc.js'
import { z } from 'zod'
import type { PlannedMove } from '../../core/plan.ts'
import { firstBootOf, mountOf, volumeIdOf } from '../first-boot.ts'
import { imageOf } from '../image-names.ts'
import { nameOf } from '../ownership.ts'
import type { Given, Outputs } from '../provider.ts'
import { explicitProvider, tagsOf } from './account.ts'
import type { DigitaloceanConfig } from './schema.ts'

const anywhere = ['0.0.0.0/0', '::/0']
const allPorts = '1-65535'
const sharedSchema = z.object({ vpcId: z.string(), sshKey: z.string().optional() })

const images: Readonly<Record<string, string>> = {
  'debian-12': 'debian-12-x64',
  'debian-13': 'debian-13-x64',
  'ubuntu-22.04': 'ubuntu-22-04-x64',
  'ubuntu-24.04': 'ubuntu-24-04-x64',
}

/** The shared program. Outputs: vpcId, sshKey. */
export async function sharedProgram(name: string, config: DigitaloceanConfig, { owner, authorizedKeys }: Given): Promise<Outputs> {
  const provider = explicitProvider(name, config)
  const vpc = new Vpc(name, { name: nameOf(owner, name), region: config.region, ipRange: config.network.cidr }, { provider })
  if (config.sshKey !== undefined) return { vpcId: vpc.id, sshKey: config.sshKey }
  const publicKey = authorizedKeys[0]
  if (publicKey === undefined) return { vpcId: vpc.id }
  // Made once, so that no password is made and sent by mail: another run's key reaches its nodes by their user data.
  const key = new SshKey(name, { name: nameOf(owner, name), publicKey }, { provider, ignoreChanges: ['publicKey'] })
  return { vpcId: vpc.id, sshKey: key.fingerprint }
}

/** The program of a move's data. Outputs: volumeId. */
export async function dataProgram(name: string, config: DigitaloceanConfig, move: PlannedMove, { owner }: Given): Promise<Outputs> {
  mountOf(move)
  const volume = new Volume(
    move.name,
    { name: nameOf(owner, move.name), region: config.region, size: Math.ceil(move.to.volumeGiB), tags: tagsOf(owner, move.name) },
    // No `up` may replace it, and none may delete it. Who created it, and that it holds data, stays written on it.
    { provider: explicitProvider(name, config), ignoreChanges: ['tags'], protect: true, retainOnDelete: true },
  )
  return { volumeId: volume.id }
}

/** The program of a node. Outputs: instanceId, publicAddress, privateAddress, volumeId (null: none). */
export async function nodeProgram(name: string, config: DigitaloceanConfig, move: PlannedMove, given: Given): Promise<Outputs> {
  const shared = sharedSchema.parse(given.shared)
  const provider = explicitProvider(name, config)
  const volumeId = volumeIdOf(move, given.data)
  const object = nameOf(given.owner, move.name)
  const droplet = new Droplet(
    move.name,
    {
      name: object,
      size: move.to.size,
      image: imageOf('digitalocean', move.to.image, images, config.images, /^\d+$/),
      region: config.region,
      vpcUuid: shared.vpcId,
      sshKeys: shared.sshKey === undefined ? [] : [shared.sshKey],
      userData: firstBootOf(move, given.authorizedKeys, volumeId === null ? null : deviceOf(object)),
      // Attached by the droplet itself: an attachment of its own could not be adopted after a crash, its id is made up by the plugin.
      volumeIds: volumeId === null ? [] : [volumeId],
      gracefulShutdown: true,
      tags: tagsOf(given.owner, move.name),
    },
    // A newer image, another key: nothing for which a node that holds data is replaced. A volume is one droplet's at a time.
    { provider, ignoreChanges: ['tags', 'image', 'userData', 'sshKeys'], deleteBeforeReplace: true },
  )
  new Firewall(move.name, { name: object, dropletIds: [droplet.id.apply(Number)], ...rulesFor(move, config) }, { provider })
  return { instanceId: droplet.id, publicAddress: droplet.ipv4Address, privateAddress: droplet.ipv4AddressPrivate, volumeId }
}

/** Ssh, the nodes among themselves, the ports of the move, and ICMP: without it connections over tunnels stall at the first large packet. */
function rulesFor(move: PlannedMove, { network: { cidr, sshFrom } }: DigitaloceanConfig) {
  return {
    inboundRules: [
      { protocol: 'tcp', portRange: '22', sourceAddresses: sshFrom },
      { protocol: 'icmp', sourceAddresses: anywhere },
      ...['tcp', 'udp'].map((protocol) => ({ protocol, portRange: allPorts, sourceAddresses: [cidr] })),
      ...move.ports.map(({ port, protocol }) => ({ protocol, portRange: String(port), sourceAddresses: anywhere })),
    ],
    outboundRules: [
      ...['tcp', 'udp'].map((protocol) => ({ protocol, portRange: allPorts, destinationAddresses: anywhere })),
      { protocol: 'icmp', destinationAddresses: anywhere },
    ],
  }
}

/** The device of a volume inside a droplet, by the name of the volume. https://docs.digitalocean.com/products/volumes */
function deviceOf(volume: string): string {
  return `/dev/disk/by-id/scsi-0DO_Volume_${volume}`
}
