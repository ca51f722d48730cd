// Which test files a run plays: all that need no nodes, and of those that do the ones on which everything hangs and a
// share of the others, drawn by a seed that is printed. `npm run test:full` plays every one.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { seedOfRun } from './draw.ts'

/** The whole way there and back, killed and without power in the middle, and what carries the data. */
const everyTime = ['journey', 'back', 'crash', 'power-cuts', 'files', 'first-copy', 'names']
/** Of the others: one in eight keeps a run below a quarter of an hour on two cores (one in five took 944 s). */
const share = 0.125

/** Whether a file boots nodes or runs the engine: it has a world of its own. */
export function isHeavy(file: string): boolean {
  return file.includes('test/provision/') || readFileSync(file, 'utf8').includes('await enterLab()')
}

/** The heavy files that this run plays, always the same for a seed. */
export function sampled(heavy: readonly string[]): readonly string[] {
  if (process.env['LIFEBOAT_SCENARIOS'] === 'all') return heavy
  const always = heavy.filter((file) => everyTime.includes(path.basename(file, '.test.ts')))
  const others = heavy.filter((file) => !always.includes(file))
  const seed = seedOfRun()
  const drawn = others.toSorted((one, other) => rank(one, seed) - rank(other, seed)).slice(0, Math.ceil(others.length * share))
  console.log(`${always.length + drawn.length} of ${heavy.length} files on real nodes, drawn by this seed; npm run test:full plays all.`)
  return heavy.filter((file) => always.includes(file) || drawn.includes(file))
}

/** Any order will do that differs by the seed and is the same on each machine. */
function rank(file: string, seed: number): number {
  return createHash('sha256')
    .update(`${seed} ${path.basename(file)}`)
    .digest()
    .readUInt32BE()
}
