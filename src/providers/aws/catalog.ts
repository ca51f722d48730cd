// The sizes of EC2 with their figures and prices. The figures are made by make-catalog.ts and say where they come from.
import type { Catalog, Money, Size } from '../../core/plan.ts'
import type { AwsConfig } from './schema.ts'
import made from './catalog-sizes.json' with { type: 'json' }

type Figures = {
  readonly takenAt: string
  readonly origin: string
  readonly priceRegion: string
  readonly currency: string
  readonly gp3PerGiBMonth: number | null
  readonly addressHourly: number | null
  readonly sizes: readonly (Omit<Size, 'architecture' | 'bootModes' | 'monthlyPrice'> & {
    readonly architecture: string
    readonly bootModes: readonly string[]
    readonly hourly: number | null
  })[]
}

const figures: Figures = made
const hoursPerMonth = 730

/**
 * The catalogue for a region. Prices are known for one region only; elsewhere they are null, for a price of another
 * region is off by up to a half. The price of a public address is the same everywhere.
 */
export function awsCatalog({ region, rootGiB }: Pick<AwsConfig, 'region' | 'rootGiB'>): Catalog {
  const priced = region === figures.priceRegion
  return {
    kind: 'aws',
    takenAt: figures.takenAt,
    origin: priced ? figures.origin : `${figures.origin}; no prices of ${region}`,
    sizes: figures.sizes.map((size) => sizeOf(size, priced)),
    systemDiskGiB: rootGiB,
    volumePrice: priced ? money(figures.gp3PerGiBMonth) : null,
    addressPrice: perMonth(figures.addressHourly),
  }
}

/** The catalogue of the region whose prices are known, for nodes of the usual system disk. */
export function listedCatalog(): Catalog {
  return awsCatalog({ region: figures.priceRegion, rootGiB: 20 })
}

function sizeOf({ hourly, ...size }: Figures['sizes'][number], priced: boolean): Size {
  return {
    ...size,
    architecture: size.architecture === 'arm64' ? 'arm64' : 'x86_64',
    bootModes: size.bootModes.map((mode) => (mode === 'efi' ? 'efi' : 'bios')),
    monthlyPrice: priced ? perMonth(hourly) : null,
  }
}

function perMonth(hourly: number | null): Money | null {
  return money(hourly === null ? null : hourly * hoursPerMonth)
}

function money(amount: number | null): Money | null {
  return amount === null || amount <= 0 ? null : { amount: Number(amount.toFixed(6)), currency: figures.currency }
}
