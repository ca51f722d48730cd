// Catalogues that are a list: a built-in one with its date and source, and what lifeboat.yaml adds to it or knows better.
import { z } from 'zod'
import type { Catalog, Money, Size } from '../core/plan.ts'

const price = z.number().positive()

/** `sizes:` of a provider: sizes beside the built-in ones, or instead of them. */
const sizeField = z.strictObject({
  cpus: z.number().int().min(1),
  memoryMiB: z.number().int().min(1),
  shared: z.boolean().default(false).describe('whether its vCPU are shared with others; left out by size: auto'),
  architecture: z.enum(['x86_64', 'arm64']).default('x86_64'),
})

export const sizesField = z.record(z.string().min(1), sizeField)

/** `prices:` of a provider: what is known better than by the built-in list. */
export const pricesField = z.strictObject({
  asOf: z.iso.date('must be a day, for instance 2026-11-28').describe('the day of these prices'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be a currency, for instance EUR'),
  sizes: z.record(z.string().min(1), price).default({}).describe('a month of each size, by its name'),
  volumePerGiB: price.optional().describe('a GiB of a volume, a month'),
  address: price.optional().describe('a public IPv4 address, a month'),
})

export type Given = { readonly sizes?: z.output<typeof sizesField> | undefined; readonly prices?: z.output<typeof pricesField> | undefined }

export type SizeList = {
  readonly kind: string
  readonly takenAt: string
  readonly origin: string
  readonly currency: string
  readonly volumePerGiB: number | null
  readonly address: number | 'included' | null
  readonly smallestVolumeGiB: number
  readonly maxNics: number
  readonly maxVolumes: number
  readonly sizes: readonly ListedSize[]
}

/** `monthly`: null: not known. */
export type ListedSize = Pick<Size, 'name' | 'cpus' | 'memoryMiB' | 'architecture'> & { readonly shared: boolean; readonly monthly: number | null }

/** The catalogue of a list with what the configuration gives. Built-in prices in another currency than the given ones are not used. */
export function catalogOf(list: SizeList, { sizes = {}, prices }: Given): Catalog {
  const currency = prices?.currency ?? list.currency
  const money = (given: number | undefined, listed: number | null): Money | null => {
    const amount = given ?? (currency === list.currency ? listed : null)
    return amount === null ? null : { amount, currency }
  }
  const own = Object.entries(sizes).map(([name, size]): ListedSize => ({ name, ...size, monthly: null }))
  const listed = list.sizes.filter(({ name }) => sizes[name] === undefined)
  return {
    kind: list.kind,
    takenAt: prices?.asOf ?? list.takenAt,
    origin: [list.origin, ...(own.length === 0 ? [] : ['sizes: of lifeboat.yaml']), ...(prices === undefined ? [] : ['prices: of lifeboat.yaml'])].join('; '),
    sizes: [...listed, ...own].map((size) => sizeOf(list, size, money(prices?.sizes[size.name], size.monthly))),
    systemDiskGiB: 0,
    smallestVolumeGiB: list.smallestVolumeGiB,
    volumePrice: money(prices?.volumePerGiB, list.volumePerGiB),
    addressPrice: list.address === 'included' ? 'included' : money(prices?.address, list.address),
  }
}

function sizeOf({ maxNics, maxVolumes }: SizeList, { shared, name, cpus, memoryMiB, architecture }: ListedSize, monthlyPrice: Money | null): Size {
  return {
    name,
    cpus,
    memoryMiB,
    architecture,
    currentGeneration: true,
    bareMetal: false,
    burstable: shared,
    maxNics,
    maxVolumes,
    // The node boots an image of the provider: how the source boots does not matter.
    bootModes: ['bios', 'efi'],
    nvme: false,
    ena: false,
    monthlyPrice,
  }
}
