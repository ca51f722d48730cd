// The sizes of droplets with their prices, in US dollars a month: those that are to be had everywhere, without the variants
// for more disk or for a maker of processors.
import type { ListedSize, SizeList } from '../size-list.ts'

function sizes(cpu: 'shared' | 'dedicated', figures: readonly (readonly [name: string, cpus: number, memoryMiB: number, monthly: number])[]): ListedSize[] {
  return figures.map(([name, cpus, memoryMiB, monthly]) => ({ name, cpus, memoryMiB, architecture: 'x86_64', shared: cpu === 'shared', monthly }))
}

const basic = sizes('shared', [
  ['s-1vcpu-512mb-10gb', 1, 512, 4],
  ['s-1vcpu-1gb', 1, 1024, 6],
  ['s-1vcpu-2gb', 1, 2048, 12],
  ['s-2vcpu-2gb', 2, 2048, 18],
  ['s-2vcpu-4gb', 2, 4096, 24],
  ['s-4vcpu-8gb', 4, 8192, 48],
  ['s-8vcpu-16gb', 8, 16_384, 96],
])

const computing = sizes('dedicated', [
  ['c-2', 2, 4096, 42],
  ['c-4', 4, 8192, 84],
  ['c-8', 8, 16_384, 168],
  ['c-16', 16, 32_768, 336],
  ['c-32', 32, 65_536, 672],
  ['c-48', 48, 98_304, 1008],
])

const general = sizes('dedicated', [
  ['g-2vcpu-8gb', 2, 8192, 63],
  ['g-4vcpu-16gb', 4, 16_384, 126],
  ['g-8vcpu-32gb', 8, 32_768, 252],
  ['g-16vcpu-64gb', 16, 65_536, 504],
  ['g-32vcpu-128gb', 32, 131_072, 1008],
  ['g-40vcpu-160gb', 40, 163_840, 1260],
])

const memory = sizes('dedicated', [
  ['m-2vcpu-16gb', 2, 16_384, 84],
  ['m-4vcpu-32gb', 4, 32_768, 168],
  ['m-8vcpu-64gb', 8, 65_536, 336],
  ['m-16vcpu-128gb', 16, 131_072, 672],
  ['m-24vcpu-192gb', 24, 196_608, 1008],
  ['m-32vcpu-256gb', 32, 262_144, 1344],
])

export const digitaloceanSizes: SizeList = {
  kind: 'digitalocean',
  takenAt: '2026-11-28',
  origin:
    "sizes and prices: as sergeykuzmich/terraform-digitalocean-variables 0c6d2e0 lists DigitalOcean's (undated, read on 2026-11-28; the smallest, 4 USD, is where DigitalOcean's page of prices began on 2026-09-20); no price of volumes",
  currency: 'USD',
  volumePerGiB: null,
  address: 'included',
  smallestVolumeGiB: 1,
  maxNics: 2,
  maxVolumes: 7,
  sizes: [...basic, ...computing, ...general, ...memory],
}
