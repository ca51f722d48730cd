// What is called otherwise on the new machine. The data moves, and with it configuration that names disks and cards by
// the names that the old hardware gave them.
import { compareNotices, type Node, type Notice } from './node.ts'
import type { Size } from './plan.ts'

/** Names that the order of the hardware gave, in place of what is on it: SCSI, virtio, Xen, IDE. */
const byOrder = /^\/dev\/(?:sd|vd|xvd|hd)[a-z]/

/**
 * Where the size has NVMe disks or an ENA card: what the last look inside found under other names, else that there may
 * be something. Sources: EBS User Guide, "Amazon EBS volumes and NVMe"; EC2 User
 * Guide, "Enable enhanced networking with ENA".
 */
export function deviceWarnings(node: Node, size: Size | null): Notice[] {
  if (size === null) return []
  return [...(size.nvme ? [disks(node, size)] : []), ...(size.ena ? [cards(node, size)] : [])].sort(compareNotices)
}

function disks(node: Node, size: Size): Notice {
  const found = (node.inside?.mounts ?? []).filter(({ device }) => byOrder.test(device)).map(({ device, place }) => `${device} (${place})`)
  const more = found.length > 3 ? ` and ${found.length - 3} more` : ''
  const what = found.length === 0 ? '/dev/sdb, /dev/vdb or the like' : `${found.slice(0, 3).join(', ')}${more}`
  const text = `${size.name} shows disks as NVMe (/dev/nvme1n1): configuration of ${node.name} that names ${what} must name a UUID or the mount; an image of your own needs the driver nvme.`
  return { code: 'nvme-names', severity: found.length === 0 ? 'info' : 'warning', text }
}

function cards(node: Node, size: Size): Notice {
  const text = `${size.name} has a network card of the driver ena, called ens5 mostly: configuration of ${node.name} that names eth0 or ens192 must name that; an image of your own needs that driver.`
  return { code: 'ena-names', severity: 'info', text }
}
