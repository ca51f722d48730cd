// What the controllers of a simulated failover act on: two sides, the name, the shared register. Resources compare epochs; what must
// never be is looked at after each change (failover invariants I1 to I12; the others need data, reports or logs).
import type { FailoverState } from '../../src/core/failover.ts'
import type { Approval, Failover } from '../../src/core/policy.ts'
import type { Timeline } from './timeline.ts'

export type SideName = 'S' | 'T'
export const otherSide = (side: SideName): SideName => (side === 'S' ? 'T' : 'S')

type Side = { open: boolean; sickness: 'well' | 'gray' | 'dead'; /** 0: it is not cut off. */ fence: number; fencedAt: number; epoch: number }
export type Work = { state: FailoverState; readonly from: SideName; owner: string; leaseUntil: number }

/** A lock that is left out, to see that the simulation finds what it is for. */
export type Lock = 'standby-compares-epochs' | 'name-compares-epochs' | 'fence-is-durable' | 'fence-is-confirmed'

export type World = ReturnType<typeof createWorld>

export const maxLagMs = 10_000
export const blockPeriodMs = 3_600_000
/** Lag grows by no more than time passes: over the age that a sample may have, and one way of a question. */
const mostLostMs = maxLagMs + 10_000 + 2000

type Facts = {
  readonly sides: Readonly<Record<SideName, Side>>
  serving: SideName
  name: { to: SideName; epoch: number }
  granted: number
  work: Work | null
  history: Failover[]
  approval: Approval | null
  off: boolean
  plan: number
  /** The plan of the last drill. */
  drilled: number
  /** Since when the copy falls behind, and whether its measurement is broken, too. */
  behind: { readonly since: number; readonly broken: boolean } | null
  /** Since when nobody's write is acknowledged. */
  stoppedAt: number | null
  fenceApiDown: boolean
  readonly broken: Set<string>
  readonly told: string[]
  readonly promotions: { readonly at: number; readonly by: string }[]
}

export function createWorld(timeline: Timeline, without: ReadonlySet<Lock>) {
  const side = (open: boolean): Side => ({ open, sickness: 'well', fence: 0, fencedAt: 0, epoch: 0 })
  const world: Facts = {
    sides: { S: side(true), T: side(false) },
    serving: 'S',
    name: { to: 'S', epoch: 0 },
    granted: 0,
    work: null,
    history: [],
    approval: null,
    off: false,
    plan: 1,
    drilled: 1,
    behind: null,
    stoppedAt: null,
    fenceApiDown: false,
    broken: new Set(),
    told: [],
    promotions: [],
  }
  const tell = (text: string): void => void world.told.push(`${((timeline.now() - start) / 1000).toFixed(1)} ${text}`)
  const start = timeline.now()
  const check = (): void => {
    const writable = (each: Side): boolean => each.open && each.fence === 0
    if (writable(world.sides.S) && writable(world.sides.T)) world.broken.add('I1: both sides are writable')
  }
  const lag = (): number => (world.behind === null ? 1000 : Math.min(60_000, 1000 + (world.stoppedAt ?? timeline.now()) - world.behind.since))
  const stops = (from: Side): void => {
    if (from.fence > 0 || from.sickness === 'dead') world.stoppedAt ??= timeline.now()
    else world.stoppedAt = null
  }
  return { world, tell, lag, check, ...acts({ world, tell, lag, check, stops, timeline, without }) }
}

type Inside = {
  readonly world: Facts
  readonly tell: (text: string) => void
  readonly lag: () => number
  readonly check: () => void
  readonly stops: (from: Side) => void
  readonly timeline: Timeline
  readonly without: ReadonlySet<Lock>
}

function acts({ world, tell, lag, check, stops, timeline, without }: Inside) {
  const grant = (standby: SideName): number => {
    world.granted++
    world.sides[standby].epoch = world.granted
    world.name.epoch = world.granted
    return world.granted
  }
  return {
    sicken: (name: SideName, sickness: Side['sickness']): void => {
      tell(`${name} is ${sickness}`)
      world.sides[name].sickness = sickness
      if (name === world.serving) stops(world.sides[name])
    },
    boot: (name: SideName): void => {
      if (without.has('fence-is-durable')) world.sides[name].fence = 0
      check()
    },
    claim: (from: SideName): { readonly epoch: number; readonly refused?: 'serves' } => {
      const epoch = grant(otherSide(from))
      return world.sides[otherSide(from)].open ? { epoch, refused: 'serves' } : { epoch }
    },
    fence: (from: SideName, epoch: number): boolean => {
      const side = world.sides[from]
      if (epoch < Math.max(side.epoch, side.fence)) return false
      Object.assign(side, { fence: epoch, fencedAt: side.fence === 0 ? timeline.now() : side.fencedAt })
      tell(`${from} is cut off, epoch ${epoch}`)
      if (from === world.serving) stops(side)
      return true
    },
    isFenced: (from: SideName, epoch: number): boolean => world.sides[from].fence === epoch || without.has('fence-is-confirmed'),
    promote: (from: SideName, epoch: number, by: string): boolean => {
      const [old, standby] = [world.sides[from], world.sides[otherSide(from)]]
      if (epoch < standby.epoch && !without.has('standby-compares-epochs')) return false
      if (standby.open) return true
      if (old.fence === 0) world.broken.add('I4: promoted while the source was not cut off')
      if (lag() > mostLostMs) world.broken.add(`I12: ${lag()} ms of writes lost`)
      const recent = world.promotions.filter((each) => timeline.now() - each.at < blockPeriodMs)
      if (by === 'policy' && recent.length > 0) world.broken.add('I6: a second failover by itself within the block period')
      Object.assign(standby, { open: true, epoch: Math.max(epoch, standby.epoch) })
      world.serving = otherSide(from)
      world.stoppedAt = null
      world.behind = null
      world.promotions.push({ at: timeline.now(), by })
      tell(`${world.serving} serves, epoch ${epoch}`)
      check()
      return true
    },
    switchName: (from: SideName, epoch: number): boolean => {
      if (epoch < world.name.epoch && !without.has('name-compares-epochs')) return false
      if (!world.sides[otherSide(from)].open) world.broken.add('I8: the name leads to a side that does not serve')
      world.name = { to: otherSide(from), epoch: Math.max(epoch, world.name.epoch) }
      return true
    },
    openAgain: (from: SideName, epoch: number): boolean => {
      const side = world.sides[from]
      if (epoch <= Math.max(side.fence, side.epoch)) return false
      Object.assign(side, { fence: 0, epoch })
      tell(`${from} is open again, epoch ${epoch}`)
      if (from === world.serving) stops(side)
      check()
      return true
    },
    /** A person: the side that does not serve follows from now on; the name leads to the other one. */
    reprotect: (): void => {
      const [now, old] = [world.sides[world.serving], world.sides[otherSide(world.serving)]]
      grant('S')
      grant('T')
      Object.assign(old, { open: false, fence: 0, sickness: 'well' })
      Object.assign(now, { open: true, fence: 0 })
      world.name.to = world.serving
      world.behind = null
      stops(now)
      tell(`a person: ${world.serving} serves, the other one follows`)
      check()
    },
  }
}
