// What a node was seen to use, as the base of its size: for `size: fit`. One look sees a moment and the mean since the
// start, no peaks; so there is room above it, and a node that started lately has not shown what it needs.
import type { Inside } from './inside/schema.ts'

export type Use = {
  /** The larger of the mean since the start and of the last 15 minutes. */
  readonly busyCpus: number | null
  /** In use when somebody looked, with what was swapped out. */
  readonly memoryMiB: number | null
  /** Whole days since the node started. */
  readonly days: number
  /** The day of the look, ISO date. */
  readonly seenOn: string
}

export type Bought = { readonly cpus: number | null; readonly memoryMiB: number | null }

const enoughDays = 14
/** Room for peaks that a mean does not show, and for caches that make a system fast. */
const room = { cpus: 2, memory: 1.5 } as const

/** Null where nobody looked inside, or the look saw neither processors nor memory. */
export function useOf(inside: Inside | undefined): Use | null {
  if (inside === undefined) return null
  const busy = [inside.cpu?.busy ?? null, inside.cpu?.load15 ?? null].filter((value) => value !== null)
  const { memory, system } = inside
  if (busy.length === 0 && memory === null) return null
  return {
    busyCpus: busy.length === 0 ? null : Math.max(...busy),
    memoryMiB: memory === null ? null : memory.usedMiB + memory.swapUsedMiB,
    days: Math.floor((system?.uptimeSeconds ?? 0) / 86_400),
    seenOn: inside.takenAt.slice(0, 10),
  }
}

/** What is needed by use, never more than what was bought, and in words what that rests on. */
export function needByUse(bought: Bought, use: Use | null): Bought & { readonly basis: string } {
  if (use === null) return { ...bought, basis: 'by what was bought: nobody looked inside yet (lifeboat inventory --inside)' }
  if (use.days < enoughDays) return { ...bought, basis: `by what was bought: use counts from ${enoughDays} days after a start, and it is up for ${use.days}` }
  const cpus = use.busyCpus === null ? bought.cpus : atMost(Math.max(1, Math.ceil(use.busyCpus * room.cpus)), bought.cpus)
  const memoryMiB = use.memoryMiB === null ? bought.memoryMiB : atMost(Math.ceil(use.memoryMiB * room.memory), bought.memoryMiB)
  const seen = `${use.busyCpus ?? 'unknown'} vCPU busy and ${use.memoryMiB ?? 'unknown'} MiB used`
  return { cpus, memoryMiB, basis: `by use: ${seen} (${use.days} days up, seen on ${use.seenOn}), with room for twice the one and half more of the other` }
}

function atMost(value: number, limit: number | null): number {
  return limit === null ? value : Math.min(value, limit)
}
