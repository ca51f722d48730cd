// The data disk of a move, on the datastore beside the machines: what may go and come again is the node around it.
import { VirtualDisk } from '@pulumi/vsphere'
import type { PlannedMove } from '../../core/plan.ts'
import { mountOf } from '../first-boot.ts'
import type { Given, Outputs } from '../provider.ts'
import { folderOf } from './place.ts'
import { explicitProvider } from './plugin.ts'
import type { Place } from './schema.ts'

/** The program of a move's data. Outputs: diskPath. Fails as `mountOf` does, before there is a disk that no node can use. */
export async function dataProgram(name: string, place: Place, move: PlannedMove, { owner }: Given): Promise<Outputs> {
  mountOf(move)
  const disk = new VirtualDisk(
    move.name,
    {
      datacenter: place.datacenter,
      datastore: place.datastore,
      vmdkPath: `${folderOf(place, owner.project)}/${move.name}-data.vmdk`,
      size: Math.ceil(move.to.volumeGiB),
      type: 'thin',
      createDirectories: true,
    },
    // No `up` may replace it, and none may delete it: not either when it is no longer declared, or its stack is thrown away.
    { provider: explicitProvider(name), protect: true, retainOnDelete: true },
  )
  return { diskPath: disk.vmdkPath }
}
