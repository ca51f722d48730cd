// The order of drafted moves. Machines often talk in both directions, and a plan refuses an order that goes round.
import { wavesOf } from './waves.ts'

export type DraftOrder = {
  /** From each move to those that go before it. */
  readonly after: ReadonlyMap<string, readonly string[]>
  /** From a move to the circles that were broken at it: `a -> b -> a`. */
  readonly broken: ReadonlyMap<string, readonly string[]>
}

/** The order that is wished for, without what makes it go round: each circle is broken at its first name. */
export function withoutCircles(wished: ReadonlyMap<string, readonly string[]>): DraftOrder {
  const after = new Map(wished)
  const broken = new Map<string, readonly string[]>()
  for (let { cycle } = wavesOf(after); cycle !== null; { cycle } = wavesOf(after)) {
    const [name = '', before] = cycle
    after.set(
      name,
      (after.get(name) ?? []).filter((other) => other !== before),
    )
    broken.set(name, [...(broken.get(name) ?? []), cycle.join(' -> ')])
  }
  return { after, broken }
}
