// What all nodes at one vCenter share: the folder that is made for them, and where the configuration puts them.
import { Folder, getDatacenterOutput, getDatastoreOutput, getNetworkOutput, getResourcePoolOutput } from '@pulumi/vsphere'
import type { Given, Outputs } from '../provider.ts'
import { explicitProvider } from './plugin.ts'
import type { Place } from './schema.ts'

/** The shared program. Outputs: folder, datacenterId, poolId, datastoreId, networkId. */
export async function sharedPlace(name: string, place: Place, { owner }: Given): Promise<Outputs> {
  const provider = explicitProvider(name)
  const { id: datacenterId } = getDatacenterOutput({ name: place.datacenter }, { provider })
  const folder = new Folder(name, { path: folderOf(place, owner.project), type: 'vm', datacenterId }, { provider })
  return {
    folder: folder.path,
    datacenterId,
    poolId: getResourcePoolOutput({ name: place.resourcePool, datacenterId }, { provider }).id,
    datastoreId: getDatastoreOutput({ name: place.datastore, datacenterId }, { provider }).id,
    networkId: getNetworkOutput({ name: place.network, datacenterId }, { provider }).id,
  }
}

/** The folder of a project, below the datacenter's folder of machines and on the datastore. */
export function folderOf({ folder }: Place, project: string): string {
  return folder ?? `lifeboat-${project}`
}
