// Sizes at a vCenter: it makes a machine of any size and names no price. The catalogue offers what people buy, and the
// plan takes the smallest that carries a node.
import type { Catalog, Size } from '../../core/plan.ts'

const cpus = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 48, 64]
const memoryGiB = [0.5, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512]

const sizes: readonly Size[] = cpus.flatMap((cpu) => memoryGiB.map((gib) => sizeOf(cpu, gib * 1024)))

export function vsphereCatalog(rootGiB: number): Catalog {
  return {
    kind: 'vsphere',
    takenAt: '2026-11-28',
    origin: 'a vCenter makes any size; it tells no prices',
    sizes,
    systemDiskGiB: rootGiB,
    volumePrice: null,
    addressPrice: null,
  }
}

/** The size of this name, such as 2x4096: vCPU and MiB. */
export function vsphereSize(name: string): Size | undefined {
  return sizes.find((size) => size.name === name)
}

/** Limits are those of a virtual machine: 10 cards, 4 controllers of 15 disks. */
function sizeOf(cpu: number, memoryMiB: number): Size {
  return {
    name: `${cpu}x${memoryMiB}`,
    cpus: cpu,
    memoryMiB,
    architecture: 'x86_64',
    currentGeneration: true,
    bareMetal: false,
    burstable: false,
    maxNics: 10,
    maxVolumes: 60,
    bootModes: ['bios', 'efi'],
    nvme: false,
    ena: false,
    monthlyPrice: null,
  }
}
