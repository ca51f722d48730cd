// One node: a machine cloned from a template, with the data disk attached. What it shall be comes to it by guestinfo,
// which cloud-init reads (https://docs.cloud-init.io/en/latest/reference/datasources/vmware.html).
import { getVirtualMachineOutput, VirtualMachine, type VirtualMachineArgs } from '@pulumi/vsphere'
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { PlannedMove } from '../../core/plan.ts'
import { mountOf, userDataOf, type DataVolume } from '../first-boot.ts'
import type { Given, Outputs } from '../provider.ts'
import { vsphereSize } from './catalog.ts'
import { notesOf } from './owner.ts'
import { explicitProvider } from './plugin.ts'
import type { Place } from './schema.ts'

const sharedSchema = z.object({ folder: z.string(), datacenterId: z.string(), poolId: z.string(), datastoreId: z.string(), networkId: z.string() })
const dataSchema = z.object({ diskPath: z.string().optional() })

/** The data disk is the second one of the first controller; its kernel name depends on the order in which disks answer. */
const dataUnit = 1
const dataDevice = { device: '/dev/lifeboat-data', pattern: `/dev/disk/by-path/*-scsi-0:0:${dataUnit}:0` } as const

/** The program of a node. Outputs: instanceId, address. */
export async function nodeProgram(name: string, place: Place, move: PlannedMove, given: Given): Promise<Outputs> {
  const shared = sharedSchema.parse(given.shared)
  const { diskPath } = dataSchema.parse(given.data)
  // Its data would go to the system disk.
  if (move.to.volumeGiB > 0 && diskPath === undefined) throw new LifeboatError('provision-failed', `The data disk of ${move.name} is not there yet.`)
  const size = vsphereSize(move.to.size)
  if (size === undefined) throw new LifeboatError('config-invalid', `moves.${move.name}.to.size: ${move.to.size} is not a size of vsphere.`)
  const provider = explicitProvider(name)
  const template = getVirtualMachineOutput({ name: place.images[move.to.image] ?? move.to.image, datacenterId: shared.datacenterId }, { provider })
  const system = template.apply(({ disks: [disk] }) => ({
    label: 'disk0',
    size: Math.max(place.rootGiB, disk?.size ?? 0),
    thinProvisioned: disk?.thinProvisioned ?? true,
    eagerlyScrub: disk?.eagerlyScrub ?? false,
  }))
  const data = diskPath === undefined ? [] : [{ label: 'disk1', attach: true, path: diskPath, datastoreId: shared.datastoreId, unitNumber: dataUnit }]
  const machine = new VirtualMachine(
    move.name,
    {
      name: move.name,
      folder: shared.folder,
      resourcePoolId: shared.poolId,
      datastoreId: shared.datastoreId,
      numCpus: size.cpus,
      memory: size.memoryMiB,
      guestId: template.guestId,
      firmware: template.firmware,
      scsiType: template.scsiType,
      annotation: notesOf(given.owner),
      clone: { templateUuid: template.id },
      disks: [system, ...data],
      networkInterfaces: [{ networkId: shared.networkId, adapterType: template.networkInterfaceTypes.apply(([type]) => type ?? 'vmxnet3') }],
      extraConfig: guestInfo(move.name, given.authorizedKeys, diskPath === undefined ? null : { ...dataDevice, mount: mountOf(move) }),
      waitForGuestNetTimeout: place.addressMinutes,
      // A network without a way out is one too.
      waitForGuestNetRoutable: false,
    },
    // A newer template, another key: nothing for which a node that holds data is replaced or restarted.
    { provider, ignoreChanges: ['clone', 'guestId', 'firmware', 'scsiType', 'disks[0]', 'networkInterfaces[0].adapterType', 'extraConfig', 'annotation'] },
  )
  return { instanceId: machine.moid, address: machine.defaultIpAddress }
}

function guestInfo(hostname: string, authorizedKeys: readonly string[], data: DataVolume | null): NonNullable<VirtualMachineArgs['extraConfig']> {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return {
    'guestinfo.metadata': base64(JSON.stringify({ 'instance-id': hostname, 'local-hostname': hostname })),
    'guestinfo.metadata.encoding': 'base64',
    'guestinfo.userdata': base64(userDataOf({ hostname, authorizedKeys, data })),
    'guestinfo.userdata.encoding': 'base64',
  }
}
