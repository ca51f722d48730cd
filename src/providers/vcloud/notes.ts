// What an operator must know of vCloud Director beside its keys (docs/providers/vcloud.md).
import type { Notes } from '../provider.ts'

export const vcloudNotes: Notes = {
  rights: [
    { for: 'inventory, plan', right: '*vApp: View*, or any role that shows the machines in the portal' },
    { for: '`finish`: power the source off, or on again', right: '*vApp: Power Operations*' },
    { for: '`finish`: unplug it, so that it cannot come back into the network', right: '*vApp: Edit VM Network*' },
    { for: 'note which cards were plugged, and whose the snapshot is', right: '*vApp: Edit Properties*' },
    { for: 'snapshots', right: '*vApp: Snapshot Operations*' },
  ],
  cannotTell: [
    'Addresses that a guest took by itself: only those that were handed out.',
    'Whether VMware Tools run.',
    'How full a disk is.',
    'What is inside a machine: services, ports, what writes where.',
    'Which of the rights below the account has.',
  ],
}
