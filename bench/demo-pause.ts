// The demo as anybody starts it, in a world of its own.
import path from 'node:path'
import { z } from 'zod'
import { repository } from '../lab/place.ts'
import { below, type Benchmark } from './benchmark.ts'
import { run } from './desk.ts'

const told = z.object({ failed: z.literal(0), lostWrites: z.literal(0), longestPauseMs: z.number() })

export const demoPause: Benchmark = {
  name: 'demo-pause',
  says: 'The longest wait of any customer in `npm run demo`: three nodes, one with PostgreSQL and Redis, move, go back, and move again.',
  cases: [
    {
      name: 'longest wait',
      unit: 'ms',
      rounds: 3,
      quick: false,
      goals: [below(1000)],
      notes: 'Counted by the customers, 24 requests a second; a request that failed or an order that is lost fails the benchmark.',
      prepare: async () =>
        await Promise.resolve({
          contestants: {
            ours: async (signal) => {
              const words = [path.join(repository, 'lab', 'demo.ts'), '--json']
              // Without the mark it opens a world of its own: addresses of this one are taken.
              const { stdout } = await run(process.execPath, words, repository, { LIFEBOAT_LAB: '' }, signal)
              return told.parse(JSON.parse(stdout)).longestPauseMs
            },
          },
          close: async () => await Promise.resolve(),
        }),
    },
  ],
}
