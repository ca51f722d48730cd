// What stands against a move (blockers) and what a person should know before saying yes (warnings).
import { byCodeUnit } from './canonical.ts'
import type { Move } from './move.ts'
import { formatDuration } from './units.ts'
import { lengthOf } from './window.ts'
import { compareNotices, type Inventory, type Node, type Notice } from './node.ts'
import { likelyAppliance, withInstead } from './not-moved.ts'
import type { PlannedMove, Size } from './plan.ts'

export type Judged = {
  readonly move: Move
  readonly node: Node
  readonly inventory: Inventory
  readonly sourceAddress: string | null
  readonly target: PlannedMove['to']
  /** Null: nothing was chosen, or the target exists already. */
  readonly size: Size | null
  /** The target exists already; then nothing is created for it. */
  readonly exists: boolean
}

/** Hazards that no guest-level move can carry over: another machine writes to the disk, it is a device of the storage, or the machine is the provider's own. */
const blockingHazards = new Set(['disk-shared', 'disk-raw', 'system-machine'])

/** Everything that must be resolved before this move can start; sorted. */
export function blockersOf(judged: Judged): Notice[] {
  const { node, move } = judged
  const hazards = node.hazards.filter((hazard) => hazard.severity === 'error' || blockingHazards.has(hazard.code))
  return sorted([
    ...hazards.map((hazard): Notice => ({ ...hazard, severity: 'error' })),
    node.template && blocker('template', `${node.name} is a template, no node.`),
    node.power === 'off' && blocker('power-off', `${node.name} is powered off; it must answer ssh.`),
    node.power === 'suspended' && blocker('power-suspended', `${node.name} is suspended; it must answer ssh.`),
    ...systemBlockers(node),
    judged.sourceAddress === null && blocker('no-address', `The address of ${node.name} is not known; give moves.${move.name}.ssh.address.`),
    windowBlocker(move),
    ...(judged.exists ? existingTargetBlockers(judged) : newTargetBlockers(judged)),
  ]).map((found) => withInstead(found, node))
}

function windowBlocker({ name, window, downtimeBudgetMs }: Move): Found {
  if (window === null || lengthOf(window) >= downtimeBudgetMs) return false
  return blocker(
    'window-short',
    `The window of ${name} is open for ${formatDuration(lengthOf(window))}, its switch may take ${formatDuration(downtimeBudgetMs)} (downtimeBudget).`,
  )
}

/** Everything worth knowing that does not stand in the way; sorted. */
export function warningsOf(judged: Judged): Notice[] {
  const { node, move, size } = judged
  return sorted([
    ...node.hazards.filter((hazard) => hazard.severity !== 'error' && !blockingHazards.has(hazard.code)),
    ...gapWarnings(judged),
    likelyAppliance(node),
    move.data.length === 0 && warning('no-data', `${move.name} names no data; nothing is copied.`),
    ...(judged.exists ? [] : diskWarnings(judged)),
    ...(size ? sizeWarnings(node, size) : []),
    !judged.exists && judged.target.monthlyCost === null && warning('price-unknown', `What ${move.name} will cost at ${move.to.provider} is not known.`),
  ])
}

function gapWarnings({ node, inventory }: Judged): Found[] {
  const says = `${inventory.provider} does not say`
  return [
    !inventory.complete && warning('inventory-incomplete', `The inventory of ${inventory.provider} is incomplete.`),
    node.power === 'unknown' && warning('power-unknown', `${says} whether ${node.name} is on.`),
    node.os.family === 'unknown' && warning('os-unknown', `${says} what system ${node.name} runs; it must be Linux.`),
    node.unknown.length > 0 && warning('values-unknown', `${says}: ${[...node.unknown].sort(byCodeUnit).join(', ')}.`),
  ]
}

function systemBlockers({ name, os }: Node): Found[] {
  const called = os.name ?? os.id ?? os.family
  switch (os.family) {
    case 'windows':
    case 'bsd':
    case 'other':
      return [blocker('os-unsupported', `${name} runs ${called}; only Linux can be moved.`)]
    case 'linux':
    case 'unknown':
      return [is32Bit(os) && blocker('os-32-bit', `${name} runs a 32-bit system (${called}); targets are 64-bit.`)]
  }
}

/** Guest ids of vSphere and vCloud carry `64` in every 64-bit name; the generic ones say nothing. */
function is32Bit({ id, name }: Node['os']): boolean {
  if (/32-bit/i.test(name ?? '')) return true
  return id !== null && id.endsWith('Guest') && !id.includes('64') && !/^(genericLinux|other)Guest$/.test(id)
}

function existingTargetBlockers({ move, target }: Judged): Found[] {
  return [target.address === null && blocker('no-target-address', `The address of the target of ${move.name} is not known.`)]
}

function newTargetBlockers(judged: Judged): Found[] {
  const { move, size, node, target } = judged
  const used = usedByData(node)
  return [
    size === null && blocker('no-size', `No size of ${move.to.provider} was chosen: ${target.reasons.join('; ')}. Name one in moves.${move.name}.to.size.`),
    move.to.image === null && blocker('no-image', `moves.${move.name}.to.image does not say what the new node shall run.`),
    size !== null && move.to.image !== null && imageMismatch(size, move.to.image),
    used !== null &&
      used > target.volumeGiB * 1024 &&
      blocker('disk-too-small', `The data disks of ${node.name} hold ${Math.ceil(used)} MiB; the target's has ${target.volumeGiB * 1024} MiB.`),
  ]
}

function imageMismatch(size: Size, image: string): Found {
  const forArm = /arm64|aarch64|graviton/i.test(image)
  if (forArm === (size.architecture === 'arm64')) return false
  const text = forArm ? `The image ${image} is for arm64; ${size.name} is not.` : `${size.name} is arm64; the image ${image} is not said to be.`
  return blocker('image-architecture', text)
}

function diskWarnings({ node, move, target }: Judged): Found[] {
  const { volumeGiB } = target
  const key = `moves.${move.name}.to.disk`
  const data = node.disks.slice(1)
  if (move.to.diskGiB !== null) {
    const smaller = usedByData(node) === null && data.some((disk) => (disk.sizeMiB ?? 0) > volumeGiB * 1024)
    return [smaller && warning('disk-use-unknown', `${node.name} has a larger data disk than the ${volumeGiB} GiB of ${key}; how much it holds is not known.`)]
  }
  return [
    data.length === 0 && warning('data-on-system-disk', `${node.name} shows no data disk; the data volume gets ${volumeGiB} GiB unless ${key} says more.`),
    data.some((disk) => disk.sizeMiB === null) && warning('disk-size-unknown', `A data disk of ${node.name} has no known size; ${key} can give one.`),
  ]
}

function sizeWarnings(node: Node, size: Size): Found[] {
  return [
    size.burstable && warning('burstable', `${size.name} is burstable: under lasting load it is slowed down, or costs more.`),
    size.architecture === 'arm64' &&
      warning('architecture-differs', `${size.name} is arm64; programs of ${node.name} that are built for x86_64 do not run there.`),
    node.cpus !== null && size.cpus < node.cpus && warning('fewer-cpus', `${size.name} has ${size.cpus} vCPU; ${node.name} has ${node.cpus}.`),
    node.memoryMiB !== null &&
      size.memoryMiB < node.memoryMiB * 0.97 &&
      warning('less-memory', `${size.name} has ${size.memoryMiB} MiB; ${node.name} has ${node.memoryMiB}.`),
  ]
}

/** MiB that all disks but the first hold; null: not known, or there are none. */
function usedByData(node: Node): number | null {
  const used = node.disks.slice(1).map((disk) => disk.usedMiB)
  return used.length === 0 || used.includes(null) ? null : used.reduce<number>((sum, one) => sum + (one ?? 0), 0)
}

type Found = Notice | false

function blocker(code: string, text: string): Notice {
  return { code, severity: 'error', text }
}

function warning(code: string, text: string): Notice {
  return { code, severity: 'warning', text }
}

function sorted(found: readonly Found[]): Notice[] {
  return found.filter((one) => one !== false).sort(compareNotices)
}
