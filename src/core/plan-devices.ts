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
  const what = found.length === 0 ? 'names like /dev/sdb or /dev/vdb' : found.join(', ')
  const text = `${size.name} shows its disks as NVMe (/dev/nvme1n1): on ${node.name}, what names ${what} has to name a UUID or the mount; an image of your own needs the driver nvme.`
  return { code: 'nvme-names', severity: found.length === 0 ? 'info' : 'warning', text }
}

function cards(node: Node, size: Size): Notice {
  const text = `${size.name} has a network card of the driver ena, called ens5 mostly: what names eth0 or ens192 on ${node.name} has to change; an image of your own needs that driver.`
  return { code: 'ena-names', severity: 'info', text }
}
