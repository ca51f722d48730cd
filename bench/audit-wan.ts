// A pass over the whole tree that finds nothing to do, far away: what is paid each time the recorder is not trusted.
import { files } from '../src/movers/files/index.ts'
import { better, type Benchmark } from './benchmark.ts'
import { growTrees, trees, wanNote } from './trees.ts'

const plainOptions = ['-aHAX', '--numeric-ids', '--delete']
const plain = `rsync ${plainOptions.join(' ')}`

export const auditWan: Benchmark = {
  name: 'audit-wan',
  says: 'How long a pass over 200,000 files takes at 40 ms when none of them has changed.',
  cases: [
    {
      name: 'whole pass',
      unit: 's',
      rounds: 3,
      quick: false,
      goals: [better(3, plain)],
      notes: `By size and time, as the passes before the approval do it. ${wanNote}`,
      prepare: async (signal) => {
        const { pair, trees: grown, close } = await growTrees([trees.middle], true)
        const [tree] = grown
        if (tree === undefined) throw new Error('No tree has grown.')
        await tree.settle(signal)
        return {
          contestants: {
            ours: async (until) => {
              // One that knows nothing yet: it has to read everything.
              const mover = await files.connect({ kind: 'files', path: tree.path, exclude: [] })
              return (await mover.sync(pair, 'repeat', until, () => undefined)).seconds
            },
            [plain]: async () => await tree.plain(plainOptions),
          },
          close,
        }
      },
    },
  ],
}
