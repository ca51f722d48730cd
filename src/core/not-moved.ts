// What Lifeboat does not move, how it is recognised, and what to use in its place. Files go from guest to guest, so a
// node must be a Linux that a person could log in to and build anew, with disks of its own.
import type { Node, Notice } from './node.ts'

/** What a machine was made from and who looks after it, where a provider says so. */
export type Origin = { readonly product: string | null; readonly vendor: string | null; readonly managedBy: string | null }

/** Products that are delivered as closed machines; a package or a service of such a name needs no entry here. */
const appliances: readonly RegExp[] = [
  /\b(vcenter|vsphere replication|nsx|vrealize|vmware aria|cloud director|site recovery|hcx|vsan witness|unified access gateway|horizon|workspace one|identity manager|skyline)\b/i,
  /\b(big-ip|netscaler|citrix adc|fortigate|fortimanager|fortianalyzer|vm-series|panorama|cloudguard|vsrx|loadmaster|steelhead)\b/i,
  /\b(asav|adaptive security|csr ?1000v|catalyst 8000v|identity services engine|firepower)\b/i,
  /\b(zerto|avamar|data domain|ontap select)\b/i,
]

/** Extensions of vCenter that make, replace and delete machines by themselves (agents, edges, controllers). */
const keepers = /^com\.vmware\.(vim\.eam|nsx|nsxt|hcx|hbr|vcls)\b/i

/** What the origin of a machine says against moving it, or for looking twice. */
export function originHazards(origin: Origin): Notice[] {
  const { product, managedBy } = origin
  if (managedBy !== null && keepers.test(managedBy)) return [appliance(`Another system made it and looks after it (${managedBy}).`)]
  if (product === null) return []
  const called = [product, origin.vendor].filter((part) => part !== null).join(' of ')
  const isClosed = appliances.some((pattern) => pattern.test(called))
  return [isClosed ? appliance(`It is an appliance: ${called}.`) : { code: 'made-from', severity: 'info', text: `It was made from ${called}.` }]
}

function appliance(text: string): Notice {
  return { code: 'appliance', severity: 'error', text }
}

/** Photon is what VMware builds its appliances on; hardly anybody installs it for themselves. */
export function likelyAppliance({ name, os, hazards }: Node): Notice | false {
  if (!/photon/i.test(`${os.id} ${os.name}`) || hazards.some(({ code }) => code === 'appliance')) return false
  return { code: 'appliance-likely', severity: 'warning', text: `${name} runs Photon OS, as the appliances of VMware do; an appliance cannot be moved.` }
}

const anew = 'Install the system anew at the target and copy its data by hand.'

const systems: Readonly<Record<Node['os']['family'], string>> = {
  windows:
    'Windows moves as whole disks: use the migration service of the target (at AWS: Application Migration Service, by an agent in the guest), or set up a new server and move the application.',
  bsd: anew,
  other: anew,
  linux: anew,
  unknown: anew,
}

const instead: Readonly<Record<string, string>> = {
  appliance: "Install the appliance anew at the target from its vendor's image, and restore its own backup there.",
  'system-machine': 'Leave it out: the old provider made it for itself.',
  template: 'Nothing runs in a template: make new machines from an image of the target.',
  'disk-shared': 'Let the cluster move itself: add a member at the target, let it catch up, take the old ones out.',
  'disk-raw': 'Turn it into a virtual disk first, or move its data with the replication of the storage or of the database.',
  'os-32-bit': 'Set the service up anew on a 64-bit system, and copy its data by hand.',
}

/** The blocker with what to use instead, where this is something that Lifeboat does not move at all. */
export function withInstead(blocker: Notice, { os }: Node): Notice {
  const hint = blocker.code === 'os-unsupported' ? systems[os.family] : instead[blocker.code]
  return hint === undefined ? blocker : { ...blocker, hint }
}
