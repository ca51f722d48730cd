// What goes wrong in a simulated world, drawn from a seed: how long a question takes, and whether it or its answer is lost.
export type Faults = {
  readonly seed: number
  /** The longest that one way takes, in ms; drawn evenly. */
  readonly latencyMs: number
  /** Of a thousand questions: how many never arrive, and of how many the answer is lost. */
  readonly lostPerMille: number
}

export type Fate = { readonly thereMs: number; readonly backMs: number; readonly lost: 'question' | 'answer' | null }

/** Numbers from 0 to 1, the same ones for a seed (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The fate of one question after the other. */
export function fates({ seed, latencyMs, lostPerMille }: Faults): () => Fate {
  const next = numbersFrom(seed)
  return () => {
    const [thereMs, backMs] = [latencyMs * next(), latencyMs * next()]
    const drawn = next() * 1000
    const lost = drawn >= 2 * lostPerMille ? null : drawn < lostPerMille ? 'question' : 'answer'
    return { thereMs, backMs, lost }
  }
}
