// The one list of what can host the old provider's machines.
import type { HostKind, StartHost } from './host.ts'
import { startTerremark } from './terremark.ts'
import { startVCenter } from './vcenter.ts'
import { startVCloud } from './vcloud.ts'

export const hosts: Readonly<Record<HostKind, StartHost>> = { vsphere: startVCenter, vcloud: startVCloud, terremark: startTerremark }
