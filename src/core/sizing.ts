// Which size of a target a node needs. The rule is deterministic and tells its reasons: leave out what cannot carry the
// node, prefer the family with the node's memory per vCPU, then the cheapest, or the smallest where prices are unknown.
import { byCodeUnit } from './canonical.ts'
import { LifeboatError } from './errors.ts'
import { didYouMean } from './nearest.ts'
import { needByUse, type Bought, type Use } from './observed.ts'
import type { Catalog, Size } from './plan.ts'

export type Need = {
  readonly cpus: number | null
  readonly memoryMiB: number | null
  readonly nics: number
  readonly disks: number
  readonly firmware: 'bios' | 'efi' | null
  /** What it was seen to use; counts for `fit`. */
  readonly use?: Use | null
}

type Rejected = { readonly size: string; readonly reason: string }

export type Sizing = {
  /** Null: nothing was chosen; `reasons` says why. */
  readonly size: Size | null
  readonly reasons: readonly string[]
  /** The next two candidates. */
  readonly alternatives: readonly Size[]
  readonly rejected: readonly Rejected[]
}

/** A hypervisor keeps a little of what it sells: 4 GiB machines report 3.9. */
const memoryTolerance = 0.97

/**
 * The size for a wish: `auto` (by what was bought; steady sizes, the family by memory per vCPU), `fit` (by what is used,
 * where that was seen; whatever is cheapest or smallest, burstable too), or the name of a size. Fails with config-invalid, naming the path of the wish and the nearest sizes,
 * when the catalogue has no such size.
 */
export function chooseSize(wish: string, need: Need, catalog: Catalog, path = 'size'): Sizing {
  const named = wish === 'auto' || wish === 'fit' ? null : sizeNamed(wish, catalog, path)
  const { cpus, memoryMiB, basis } = baseOf(wish, need)
  if (cpus === null || memoryMiB === null) return withoutNeed(named)
  const wanted: Wanted = { ...need, cpus, memoryMiB, steady: wish !== 'fit', basis }
  const rejected: Rejected[] = []
  const fitting: Size[] = []
  for (const size of catalog.sizes) {
    const reason = whyNot(size, wanted)
    if (reason === null) fitting.push(size)
    else rejected.push({ size: size.name, reason })
  }
  rejected.sort((a, b) => byCodeUnit(a.size, b.size))
  const family = wish === 'fit' ? null : familyFor(cpus, memoryMiB, catalog)
  const ranked = rank(fitting, family)
  if (named) return { size: named, reasons: ['named in lifeboat.yaml'], alternatives: ranked.filter((size) => size !== named).slice(0, 2), rejected }
  const [size, ...others] = ranked
  if (!size) return { size: null, reasons: [`nothing carries ${cpus} vCPU and ${memoryMiB} MiB: ${countReasons(rejected)}`], alternatives: [], rejected }
  return { size, reasons: reasonsFor(size, wanted, family, ranked, rejected), alternatives: others.slice(0, 2), rejected }
}

type Family = 'c' | 'm' | 'r'
type Wanted = Need & { readonly cpus: number; readonly memoryMiB: number; readonly steady: boolean; readonly basis: string | null }

/** Why a size cannot carry the node; null: it can. */
function whyNot(size: Size, wanted: Wanted): string | null {
  if (size.architecture !== 'x86_64') return 'another architecture'
  if (!size.currentGeneration) return 'previous generation'
  if (size.bareMetal) return 'bare metal'
  if (wanted.steady && size.burstable) return 'burstable'
  if (size.cpus < wanted.cpus) return 'too few vCPU'
  if (size.memoryMiB < wanted.memoryMiB * memoryTolerance) return 'too little memory'
  if (size.maxNics < wanted.nics) return 'too few network cards'
  if (size.maxVolumes < wanted.disks) return 'too few volumes'
  if (wanted.firmware !== null && !size.bootModes.includes(wanted.firmware)) return `does not boot by ${wanted.firmware}`
  return null
}

/** What the size has to carry, and in words what that rests on where it is not what was bought. */
function baseOf(wish: string, need: Need): Bought & { readonly basis: string | null } {
  return wish === 'fit' ? needByUse(need, need.use ?? null) : { cpus: need.cpus, memoryMiB: need.memoryMiB, basis: null }
}

function withoutNeed(named: Size | null): Sizing {
  const reasons = [named ? 'named in lifeboat.yaml; what the source has is not known' : 'the source does not say how many vCPU and how much memory it has']
  return { size: named, reasons, alternatives: [], rejected: [] }
}

function sizeNamed(name: string, catalog: Catalog, path: string): Size {
  const size = catalog.sizes.find((candidate) => candidate.name === name)
  if (size) return size
  const hint = didYouMean(
    name,
    catalog.sizes.map((candidate) => candidate.name),
  )
  throw new LifeboatError('config-invalid', `${path}: ${name} is not a size of ${catalog.kind}${hint}`, { details: { path, size: name } })
}

/** Family letter by GiB per vCPU: compute, general, memory; null at a provider whose sizes have no such families. */
function familyFor(cpus: number, memoryMiB: number, catalog: Catalog): Family | null {
  // A single `m1.small` of another provider is no family.
  if (!['c', 'm', 'r'].every((letter) => catalog.sizes.some(({ name }) => name.startsWith(letter) && /^.\d/.test(name)))) return null
  const ratio = memoryMiB / 1024 / cpus
  return ratio <= 2.5 ? 'c' : ratio <= 5 ? 'm' : 'r'
}

function isOf(family: Family | null, size: Size): boolean {
  return family === null || (size.name.startsWith(family) && /^.\d/.test(size.name))
}

function rank(sizes: readonly Size[], family: Family | null): Size[] {
  const price = (size: Size) => size.monthlyPrice?.amount ?? Number.MAX_VALUE
  return [...sizes].sort(
    (a, b) =>
      Number(isOf(family, b)) - Number(isOf(family, a)) ||
      price(a) - price(b) ||
      a.cpus - b.cpus ||
      a.memoryMiB - b.memoryMiB ||
      generation(b) - generation(a) ||
      byCodeUnit(a.name, b.name),
  )
}

function generation({ name }: Size): number {
  return Number(/^[a-z]+(\d+)/.exec(name)?.[1] ?? 0)
}

function reasonsFor(size: Size, wanted: Wanted, family: Family | null, ranked: readonly Size[], rejected: readonly Rejected[]): string[] {
  const reasons = [`${wanted.cpus} vCPU and ${wanted.memoryMiB} MiB are needed; ${size.name} has ${size.cpus} and ${size.memoryMiB}`]
  if (wanted.basis !== null) reasons.push(wanted.basis)
  const belongs = isOf(family, size)
  if (family !== null) {
    const ratio = (wanted.memoryMiB / 1024 / wanted.cpus).toFixed(1)
    reasons.push(`${ratio} GiB per vCPU ask for family ${family}${belongs ? '' : ', of which nothing fits'}`)
  }
  const rivals = ranked.filter((other) => isOf(family, other) === belongs).length
  const among = `of ${rivals} that fit${family !== null && belongs ? ` in family ${family}` : ''}`
  reasons.push(size.monthlyPrice ? `the cheapest ${among}` : `the smallest ${among}; prices are not known`)
  if (rejected.length > 0) reasons.push(`left out: ${countReasons(rejected)}`)
  return reasons
}

/** `12 too few vCPU, 3 bare metal`: most frequent first. */
function countReasons(rejected: readonly Rejected[]): string {
  if (rejected.length === 0) return 'the catalogue is empty'
  const counts = new Map<string, number>()
  for (const { reason } of rejected) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts]
    .sort(([a, x], [b, y]) => y - x || byCodeUnit(a, b))
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ')
}
