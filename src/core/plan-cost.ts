// What moves cost: each target a month, all of them, and both sides for as long as both are there.
import type { Move } from './move.ts'
import type { Catalog, Money, Plan, PlannedMove, Size } from './plan.ts'
import { addMoney, multiplyMoney } from './units.ts'

/** Size, system disk, data volume and public address a month; null as soon as one of them is not known. */
export function costOf(size: Size, volumeGiB: number, catalog: Catalog): Money | null {
  const { addressPrice, smallestVolumeGiB = 0, systemDiskGiB, volumePrice } = catalog
  const dataGiB = volumeGiB === 0 ? 0 : Math.max(volumeGiB, smallestVolumeGiB)
  const disks = dataGiB + systemDiskGiB
  return addMoney([size.monthlyPrice, ...(disks === 0 ? [] : [multiplyMoney(volumePrice, disks)]), ...(addressPrice === 'included' ? [] : [addressPrice])])
}

/** What a source costs no provider tells; only who pays for it can say (`from.monthlyCost`). */
export function totalsOf(moves: readonly Move[], planned: readonly PlannedMove[]): Plan['totals'] {
  const targets = planned.map(({ to }) => to.monthlyCost)
  return { monthlyCost: addMoney(targets), bothSidesMonthlyCost: addMoney([...targets, ...moves.map(({ from }) => from.monthlyCost ?? null)]) }
}
