// Which cases of a long matrix a normal run looks at: always the same for a seed, which is printed.

/** Outside and inside of the lab the same file runs, so the seed is kept in the environment. */
export function seedOfRun(): number {
  const known = process.env['LIFEBOAT_SEED']
  const seed = known ?? String(Date.now() % 1_000_000)
  if (known === undefined) {
    process.env['LIFEBOAT_SEED'] = seed
    console.log(`LIFEBOAT_SEED=${seed}`)
  }
  return Number(seed)
}

/** One of these; another turn draws independently. */
export function draw<T>(from: readonly T[], turn: number, seed: number): T {
  const drawn = from[(Math.imul(seed + turn, 2_654_435_761) >>> 0) % from.length]
  if (drawn === undefined) throw new Error('There is nothing to draw from.')
  return drawn
}
