// Files: rsync, pushed by the side that serves with the key of the run; the helper of the receiving side lets it in only
// while that side is closed. Passes after the first two carry what the recorders name; whatever is not sure makes a pass
// a whole one.
import { z } from 'zod'
import type { Mover, MoverAdapter } from '../mover.ts'
import { compare } from './compare.ts'
import { passes } from './pass.ts'
import { surveyOf } from './prepare.ts'
import type { Root } from './rsync.ts'

const schema = z.strictObject({
  kind: z.literal('files').describe('A folder tree, copied by rsync.'),
  name: z.string().optional().describe('How reports name it; the path by default.'),
  path: z.string().startsWith('/').describe('The folder, the same on both sides. It should be on a volume of its own.'),
  exclude: z.array(z.string()).default([]).describe('Patterns of rsync, relative to the path.'),
  linkMbps: z.number().positive().optional().describe('Megabits a second that its copies may take, but for the last one in the freeze; no limit by default.'),
})

/** Up to this size the comparison in the freeze reads the contents too; above it metadata alone. */
const contentLimitBytes = 256 * 1024 * 1024

export const files: MoverAdapter<typeof schema> = {
  schema,
  connect: async (config) => filesMover({ path: config.path, exclude: config.exclude, linkMbps: config.linkMbps }),
}

function filesMover(root: Root): Mover {
  let bytes = 0
  const survey = surveyOf(root)
  const { sync, doubt } = passes(root, survey.wayOf)
  return {
    prepare: async (pair, signal) => {
      const prepared = await survey.prepare(pair, signal)
      bytes = prepared.bytes
      return prepared
    },
    sync,
    verify: async (pair, signal) => {
      const differences = await compare(root, pair, bytes <= contentLimitBytes ? 'all' : 'none', signal)
      if (differences.length > 0) doubt()
      return differences
    },
    // The node opens as a whole; there is nothing about files that could be promoted, turned round or kept running.
    promote: async () => undefined,
    reverse: async () => undefined,
    release: async () => undefined,
  }
}
