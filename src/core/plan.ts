// The plan: source nodes + configuration -> moves with reasons, warnings, blockers, fingerprint. This file holds its
// shape (`lifeboat.plan/1`, interfaces.md §4) and the catalogue that sizing reads; `planMoves` makes it.
import { z } from 'zod'

export const moneySchema = z.object({ amount: z.number(), currency: z.string() })
const coded = z.object({ code: z.string(), severity: z.enum(['info', 'warning', 'error']), text: z.string(), hint: z.string().optional() })

export const plannedMoveSchema = z.object({
  name: z.string(),
  project: z.string(),
  from: z.object({ provider: z.string(), id: z.string(), name: z.string(), address: z.string() }),
  to: z.object({
    provider: z.string(),
    kind: z.string(),
    size: z.string(),
    image: z.string(),
    reasons: z.array(z.string()),
    alternatives: z.array(z.object({ size: z.string(), monthlyCost: moneySchema.nullable() })),
    /** Size, system disk, data volume and public address together; null as soon as one of them is not known. */
    monthlyCost: moneySchema.nullable(),
    /** The smaller one that a standby is while it is parked, and its price in the same way; absent: it is not parked. */
    parked: z.object({ size: z.string(), monthlyCost: moneySchema.nullable() }).optional(),
    /** GiB of the data volume; 0: none. */
    volumeGiB: z.number(),
    /** Where the target exists already (kind static). */
    address: z.string().nullable(),
  }),
  path: z.enum(['direct', 'relay']),
  /** By what an earlier run measured, else by what changed where somebody looked inside; null where nobody did. */
  forecastPauseMs: z.number().nullable(),
  steps: z.array(z.string()),
  after: z.array(z.string()),
  /** Whom it is switched with in one freeze, clients first; absent: nobody. */
  freeze: z.object({ name: z.string(), members: z.array(z.string()) }).optional(),
  ports: z.array(z.object({ port: z.number(), protocol: z.enum(['tcp', 'udp']), proxyProtocol: z.union([z.boolean(), z.number()]) })),
  roots: z.array(z.string()),
  blockers: z.array(coded),
  warnings: z.array(coded),
})

export const planSchema = z.object({
  schema: z.literal('lifeboat.plan/1'),
  fingerprint: z.string(),
  moves: z.array(plannedMoveSchema),
  waves: z.array(z.array(z.string())),
  /** Moves that are switched as one, clients first. The pause is at most about so long (null: not known), and has one budget. Absent: there are none. */
  freezes: z.array(z.object({ name: z.string(), members: z.array(z.string()), forecastPauseMs: z.number().nullable(), budgetMs: z.number() })).optional(),
  /** How many may do the same at a time, and what copies share (megabits a second); absent in plans of older versions. */
  limits: z.object({ perSource: z.number(), perTarget: z.number(), startsPerHour: z.number(), linkMbps: z.number().optional() }).optional(),
  totals: z.object({ monthlyCost: moneySchema.nullable(), bothSidesMonthlyCost: moneySchema.nullable() }),
})

export type Money = Readonly<z.infer<typeof moneySchema>>
export type PlannedMove = Readonly<z.infer<typeof plannedMoveSchema>>
export type Plan = Readonly<z.infer<typeof planSchema>>

/** One size that a target offers. Prices are on-demand Linux, per month of 730 hours; null: not known, never zero. */
export type Size = {
  readonly name: string
  readonly cpus: number
  readonly memoryMiB: number
  readonly architecture: 'x86_64' | 'arm64'
  readonly currentGeneration: boolean
  readonly bareMetal: boolean
  readonly burstable: boolean
  readonly maxNics: number
  readonly maxVolumes: number
  readonly bootModes: readonly ('bios' | 'efi')[]
  /** Whether its disks are NVMe devices, and its network card one of the driver ena. */
  readonly nvme: boolean
  readonly ena: boolean
  readonly monthlyPrice: Money | null
}

export type Catalog = {
  readonly kind: string
  /** The day the figures were taken, ISO date, and where from. */
  readonly takenAt: string
  readonly origin: string
  readonly sizes: readonly Size[]
  /** GiB of the system disk that each node gets, of the default volume type; 0: none is made. */
  readonly systemDiskGiB: number
  /** Per GiB and month of the default volume type; null: not known. */
  readonly volumePrice: Money | null
  /** GiB of the smallest data volume that can be had; absent: 1. */
  readonly smallestVolumeGiB?: number
  /** Per public address and month; `included`: in the price of each size. */
  readonly addressPrice: Money | 'included' | null
}
