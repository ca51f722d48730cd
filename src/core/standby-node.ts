// What `standby up`, `park` and `down` do to the node of a standby, by what is known of it.
import { z } from 'zod'
import { LifeboatError } from './errors.ts'
import type { MoveFacts, MoveState } from './stored-move.ts'

export const standbyWants = ['up', 'park', 'down'] as const
export type StandbyWant = (typeof standbyWants)[number]

/**
 * `begin`: a run that keeps it in step; `resize`: as large as is wanted, which starts it anew; `end`: nothing keeps it in
 * step any more; `remove`: the node goes, and its data volume stays.
 */
const standbyActNames = ['begin', 'resize', 'end', 'remove'] as const
export type StandbyAct = (typeof standbyActNames)[number]

export const standbyChangeSchema = z.object({
  schema: z.literal('lifeboat.standby-change/1'),
  move: z.string(),
  want: z.enum(standbyWants),
  did: z.array(z.enum(standbyActNames)),
  /** The data volume of a node that is gone, and what it costs a month; null: nothing is left, or the node is there. */
  stays: z.object({ stack: z.string(), volumeGiB: z.number(), monthlyCost: z.object({ amount: z.number(), currency: z.string() }).nullable() }).nullable(),
})

export type StandbyChange = Readonly<z.infer<typeof standbyChangeSchema>>

export type StandbySeen = {
  readonly move: string
  readonly provider: string
  /** Null: it was never begun. */
  readonly stored: { readonly state: MoveState; readonly facts: Pick<MoveFacts, 'serving' | 'target' | 'holdsData' | 'parked'> } | null
  /** Of what it is when parked; null: `standby.size` is not set. */
  readonly parkedSize: string | null
  /** Whether nodes there are made by Lifeboat. */
  readonly declares: boolean
  /** Whether its data is in a volume of its own. */
  readonly isDataApart: boolean
}

/** In this order; none: it is so already. Fails with not-now or config-invalid and says why. */
export function standbyActs(want: StandbyWant, seen: StandbySeen): readonly StandbyAct[] {
  const { move, stored } = seen
  if (stored?.facts.serving === 'target') throw new LifeboatError('not-now', `${move} is served by its standby; its node stays as it is.`)
  const acts = { up: upActs, park: parkActs, down: downActs } as const
  return acts[want](seen)
}

function upActs({ stored }: StandbySeen): readonly StandbyAct[] {
  const isParked = stored !== null && stored.facts.target !== null && stored.facts.parked !== null
  return [...(isParked ? (['resize'] as const) : []), ...(stored?.state === 'running' ? [] : (['begin'] as const))]
}

function parkActs({ move, provider, stored, parkedSize, declares }: StandbySeen): readonly StandbyAct[] {
  if (!declares) throw existing(move, provider)
  if (stored === null || stored.facts.target === null) throw new LifeboatError('not-now', `${move} has no standby yet.`)
  if (parkedSize === null)
    throw new LifeboatError('config-invalid', `moves.${move}.standby.size was not set when ${move} was planned: nothing says how small it is parked.`)
  return stored.facts.parked === parkedSize ? [] : ['resize']
}

function downActs({ move, provider, stored, declares, isDataApart }: StandbySeen): readonly StandbyAct[] {
  if (!declares) throw existing(move, provider)
  if (stored === null) return []
  if (stored.facts.holdsData && !isDataApart)
    throw new LifeboatError('not-now', `The data of ${move} is in its node at ${provider}, and would go with it; it stays.`)
  if (stored.state === 'running') return ['end', 'remove']
  return stored.facts.target === null ? [] : ['remove']
}

function existing(move: string, provider: string): LifeboatError {
  return new LifeboatError('not-now', `The node of ${move} at ${provider} was not made by Lifeboat, which leaves it as it is.`)
}
