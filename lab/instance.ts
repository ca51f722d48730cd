// One instance of the cloud as a node.
import { DescribeKeyPairsCommand, DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2'
import type { Cloud, Instance } from './cloud.ts'
import { startNode, type LabNode } from './node.ts'
import { readUserData } from './user-data.ts'
import { makeVolume, type Volume } from './volume.ts'

export type RunningInstance = {
  /** Null once it is terminated. */
  readonly node: () => LabNode | null
  readonly addresses: () => readonly string[]
  /** Does what has changed since the last look. */
  readonly follow: (instance: Instance) => Promise<void>
  readonly end: () => Promise<void>
}

/** Volumes by their id: they outlive their instances. */
const volumes = new Map<string, Promise<Volume>>()

/** Boots a node for it, with its addresses, volumes and user data; returns as soon as the boot has begun. */
export async function runInstance(first: Instance, cloud: Cloud, hasDatabases: (hostname: string) => boolean): Promise<RunningInstance> {
  const api = new EC2Client({
    region: first.region,
    endpoint: cloud.endpoint,
    credentials: { accessKeyId: cloud.accessKey, secretAccessKey: cloud.secretKey },
  })
  let now = first
  const attached = new Set<string>()

  const data = readUserData(first.userData)
  const hostname = data.hostname ?? `ip-${(first.privateAddress ?? '').replaceAll('.', '-')}`
  const spec = {
    name: first.id,
    hostname,
    databases: hasDatabases(hostname),
    addresses: addressesOf(first),
    authorizedKeys: [...data.authorizedKeys, ...(await publicKeys(api, first))],
    files: data.files,
    modes: data.modes,
    volumes: await devicesOf(first, attached),
  }
  // sshd answers only after the first boot has done its work, and that may wait for a volume which is attached later.
  let node: LabNode | null = await startNode({ ...spec, wait: false })

  const follow = async (wanted: Instance) => {
    const before = now
    now = wanted
    if (!node) return
    if (wanted.state === 'terminated' || wanted.state === 'shutting-down') return await end()
    for (const [device, volume] of Object.entries(await devicesOf(wanted, attached))) await node.attach(device, volume)
    if (String(addressesOf(wanted)) !== String(addressesOf(before))) await node.readdress(addressesOf(wanted))
    if (String(wanted.groups.map(({ id }) => id)) !== String(before.groups.map(({ id }) => id))) {
      await ((await isIsolated(api, wanted)) ? node.linkDown() : node.linkUp())
    }
    if (wanted.state === before.state) return
    if (wanted.state === 'stopped') await node.powerOff()
    if (wanted.state === 'running') await node.start()
  }
  const end = async () => {
    const ending = node
    node = null
    await ending?.stop()
    api.destroy()
  }
  return { node: () => node, addresses: () => (node === null ? [] : addressesOf(now)), follow, end }
}

/** Public ones last: what the node sends elsewhere leaves under its public address, as behind an internet gateway. */
function addressesOf({ privateAddress, publicAddress, elasticAddress }: Instance): string[] {
  return [privateAddress, elasticAddress ?? publicAddress].filter((address) => address !== null)
}

/** Devices of volumes that were not attached before. An NVMe disk also has a name by its serial number, the volume's id. */
async function devicesOf(instance: Instance, attached: Set<string>): Promise<Record<string, Volume>> {
  const devices: Record<string, Volume> = {}
  for (const { id, sizeGiB } of instance.volumes.filter((volume) => !volume.root && !attached.has(volume.id))) {
    let volume = volumes.get(id)
    if (!volume) volumes.set(id, (volume = makeVolume(id, { sizeMiB: sizeGiB * 1024, format: false })))
    attached.add(id)
    const disk = await volume
    devices[`/dev/nvme${attached.size}n1`] = disk
    devices[`/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${id.replace('-', '')}`] = disk
  }
  return devices
}

async function publicKeys(api: EC2Client, { keyName }: Instance): Promise<string[]> {
  if (keyName === null || keyName === undefined) return []
  const { KeyPairs = [] } = await api.send(new DescribeKeyPairsCommand({ KeyNames: [keyName], IncludePublicKey: true }))
  return KeyPairs.flatMap(({ PublicKey }) => (PublicKey === undefined ? [] : [PublicKey]))
}

/** Groups that allow nothing in either direction cut an instance off. Single ports are not filtered in the lab. */
async function isIsolated(api: EC2Client, { groups }: Instance): Promise<boolean> {
  const { SecurityGroups = [] } = await api.send(new DescribeSecurityGroupsCommand({ GroupIds: groups.map(({ id }) => id) }))
  return SecurityGroups.every(({ IpPermissions = [], IpPermissionsEgress = [] }) => IpPermissions.length + IpPermissionsEgress.length === 0)
}
