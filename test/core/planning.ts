// What plans are made of in these tests: one node, one move, one catalogue, each with whatever a case changes.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Move } from '../../src/core/move.ts'
import type { Inventory, Node } from '../../src/core/node.ts'
import type { Catalog, Size } from '../../src/core/plan.ts'
import type { PlanRequest } from '../../src/core/plan-moves.ts'

export type Case = { readonly name: string; readonly given: Record<string, unknown>; readonly expect: Record<string, unknown> }

/** All cases of a topic: `cases/<topic>/<what it shows>.json`. */
export function casesOf(topic: string): Case[] {
  const folder = join(import.meta.dirname, 'cases', topic)
  return readdirSync(folder)
    .sort()
    .map((file) => ({ name: file.replace(/\.json$/, '').replaceAll('-', ' '), ...JSON.parse(readFileSync(join(folder, file), 'utf8')) }))
}

export const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

export function node(changes: Partial<Node> = {}): Node {
  return {
    id: 'vm-42',
    name: 'web-1',
    path: '/DC0/vm/shop/web-1',
    power: 'on',
    template: false,
    cpus: 2,
    memoryMiB: 4096,
    disks: [
      { label: 'Hard disk 1', sizeMiB: 20_480, usedMiB: 9000 },
      { label: 'Hard disk 2', sizeMiB: 40_000, usedMiB: 12_000 },
    ],
    nics: [{ mac: '00:50:56:aa:bb:cc', network: 'VM Network', connected: true, addresses: ['192.0.2.10'] }],
    os: { family: 'linux', id: 'debian12_64Guest', name: 'Debian GNU/Linux 12 (64-bit)' },
    hostname: 'web-1',
    addresses: ['192.0.2.10'],
    firmware: 'bios',
    tools: 'running',
    snapshots: 0,
    labels: {},
    hazards: [],
    unknown: [],
    ...changes,
  }
}

export function size(changes: Partial<Size> & { readonly name: string }): Size {
  return {
    cpus: 2,
    memoryMiB: 4096,
    architecture: 'x86_64',
    currentGeneration: true,
    bareMetal: false,
    burstable: false,
    maxNics: 3,
    maxVolumes: 27,
    bootModes: ['bios', 'efi'],
    nvme: false,
    ena: false,
    monthlyPrice: { amount: 70, currency: 'USD' },
    ...changes,
  }
}

const usd = (amount: number) => ({ amount, currency: 'USD' })

export function catalog(changes: Partial<Catalog> = {}): Catalog {
  return {
    kind: 'aws',
    takenAt: '2026-11-01',
    origin: 'price list',
    sizes: [
      size({ name: 't3.medium', burstable: true, monthlyPrice: usd(33.29) }),
      size({ name: 't4g.medium', burstable: true, architecture: 'arm64', monthlyPrice: usd(26.86) }),
      size({ name: 'c5.large', monthlyPrice: usd(70.81) }),
      size({ name: 'c6i.large', monthlyPrice: usd(70.81) }),
      size({ name: 'c4.large', currentGeneration: false, memoryMiB: 3840, monthlyPrice: usd(60) }),
      size({ name: 'c6i.xlarge', cpus: 4, memoryMiB: 8192, monthlyPrice: usd(141.62) }),
      size({ name: 'm6i.large', memoryMiB: 8192, monthlyPrice: usd(83.95) }),
      size({ name: 'm6i.xlarge', cpus: 4, memoryMiB: 16_384, monthlyPrice: usd(167.9) }),
      size({ name: 'r6i.large', memoryMiB: 16_384, monthlyPrice: usd(110.96) }),
      size({ name: 'r6i.2xlarge', cpus: 8, memoryMiB: 65_536, maxNics: 4, monthlyPrice: usd(443.84) }),
      size({ name: 'c6i.metal', cpus: 128, memoryMiB: 262_144, bareMetal: true, monthlyPrice: usd(4531.84) }),
    ],
    systemDiskGiB: 0,
    volumePrice: usd(0.1),
    addressPrice: usd(3.65),
    ...changes,
  }
}

const access = { address: null, user: 'root', port: 22, keyFile: null, keyContents: null, jump: null, sudo: false }

export function move(changes: Partial<Move> = {}): Move {
  return {
    name: 'web-1',
    project: 'shop',
    from: { provider: 'old', id: 'vm-42', name: null },
    to: { provider: 'new', size: 'auto', image: 'debian-12', diskGiB: null, node: null },
    ssh: { source: access, target: access },
    downtimeBudgetMs: 20_000,
    reverseSync: true,
    finish: { policy: 'manual', remindAfterMs: 1, watchForMs: 1, forwardForMs: 1 },
    data: [{ kind: 'files', name: 'files', path: '/srv/shop' }],
    services: ['shop.service'],
    singletons: [],
    ports: [],
    checks: [],
    names: [],
    after: [],
    window: null,
    standby: null,
    fence: [],
    ...changes,
  }
}

export function inventory(nodes: readonly Node[], changes: Partial<Inventory> = {}): Inventory {
  return {
    schema: 'lifeboat.inventory/1',
    provider: 'old',
    kind: 'vsphere',
    takenAt: '2026-11-24T10:00:00.000Z',
    complete: true,
    warnings: [],
    nodes: [...nodes],
    ...changes,
  }
}

export function request(changes: Partial<PlanRequest> = {}): PlanRequest {
  return { moves: [move()], inventories: { old: inventory([node()]) }, catalogs: { new: catalog() }, steps: ['check-source', 'clean-up'], digest, ...changes }
}
