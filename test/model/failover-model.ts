// Failover as a small world: two sides, of which one serves and one follows; three observers, two of them in one failure domain;
// a fence that takes effect late; a name; two controllers of which one may sleep for as long as it likes, and requests that arrive
// late. There is no time in it: whatever can happen may happen now. What a controller may do is asked of the product's own guards
// (core/policy-guards.ts) and of its own quorum (core/judge.ts); what resources refuse stands in failover-rules.ts.
// Assumed: the paths of at most one failure domain are broken at a time; a fence, a standby and a name compare epochs in one step.

export const guardNames = [
  'quorum',
  'hold',
  'look-again-before-the-fence',
  'fence-confirmed',
  'fence-is-durable',
  'fence-compares-epochs',
  'opening-asks-the-standby',
  'lag-at-the-act',
  'block-period',
  'switch-at-the-act',
  'standby-compares-epochs',
  'name-compares-epochs',
  'approval-of-this-plan',
  'approval-once',
] as const
export type Guard = (typeof guardNames)[number]

export type Rules = {
  readonly guards: ReadonlySet<Guard>
  /** Epochs that may be granted. */
  readonly grants: number
  readonly mode: 'auto' | 'propose'
}

export type Side = 'S' | 'T'
export const sides = ['S', 'T'] as const satisfies readonly Side[]
export const controllers = ['a', 'b'] as const
export type Who = (typeof controllers)[number]
export const observers = ['paris', 'lyon', 'oslo'] as const
export type Observer = (typeof observers)[number]
export const domainOf = { paris: 'ovh', lyon: 'ovh', oslo: 'telenor' } as const satisfies Readonly<Record<Observer, string>>

export type SideState = {
  /** On disk: whether its services run whenever it is not cut off. */
  open: boolean
  sick: boolean
  /** Epoch under which it is cut off; 0: it is not. `coming`: asked for, and not in effect yet. */
  fence: number
  coming: number
  /** The highest epoch that it accepted. */
  epoch: number
}

export type Step = 'fence' | 'confirm' | 'promote' | 'name' | 'lift'
export type Request = { readonly step: Step; readonly from: Side; readonly epoch: number; /** The plan that was approved. */ readonly plan: number }

export type Controller = { now: Request | null; /** Sent, given up, still under way. */ late: Request | null }

export type World = {
  S: SideState
  T: SideState
  serving: Side
  name: { to: Side; epoch: number }
  granted: number
  /** `old`: it said down, and that says nothing of now any more. */
  said: Record<Observer, 'well' | 'down' | 'old'>
  held: boolean
  /** The failure domain whose paths are broken. */
  blind: 'ovh' | 'telenor' | null
  lagOk: boolean
  /** Promotions since the block period began. */
  promoted: number
  off: boolean
  plan: number
  approval: { readonly plan: number; used: number } | null
  a: Controller
  b: Controller
  /** What went wrong in the event that led here. */
  harm: string | null
}

export function startOf(): World {
  return {
    S: { open: true, sick: false, fence: 0, coming: 0, epoch: 0 },
    T: { open: false, sick: false, fence: 0, coming: 0, epoch: 0 },
    serving: 'S',
    name: { to: 'S', epoch: 0 },
    granted: 0,
    said: { paris: 'well', lyon: 'well', oslo: 'well' },
    held: false,
    blind: null,
    lagOk: true,
    promoted: 0,
    off: false,
    plan: 1,
    approval: null,
    a: { now: null, late: null },
    b: { now: null, late: null },
    harm: null,
  }
}

export function other(side: Side): Side {
  return side === 'S' ? 'T' : 'S'
}

export function copyOf(world: World): World {
  const { S, T, name, said, approval, a, b } = world
  return {
    ...world,
    S: { ...S },
    T: { ...T },
    name: { ...name },
    said: { ...said },
    approval: approval && { ...approval },
    a: { ...a },
    b: { ...b },
    harm: null,
  }
}

export function keyOf({ S, T, serving, name, granted, said, held, blind, lagOk, promoted, off, plan, approval, a, b }: World): string {
  const side = ({ open, sick, fence, coming, epoch }: SideState): string => `${+open}${+sick}${fence}${coming}${epoch}`
  const request = (each: Request | null): string => (each === null ? '-' : `${each.step[0]}${each.from}${each.epoch}${each.plan}`)
  const people = [a, b].map(({ now, late }) => request(now) + request(late))
  const words = observers.map((each) => said[each][0]).join('')
  const approved = approval === null ? '' : `${approval.plan}${approval.used}`
  return [side(S), side(T), serving, name.to, name.epoch, granted, words, +held, blind ?? '', +lagOk, promoted, +off, plan, approved, ...people].join()
}

export function writable({ open, fence }: SideState): boolean {
  return open && fence === 0
}

/** What must never be; null: all is well. */
export function harmOf(world: World): string | null {
  if (writable(world.S) && writable(world.T)) return 'I1: both sides are writable'
  if (world.promoted > 1) return 'I6: two failovers by themselves within one block period'
  return world.harm
}
